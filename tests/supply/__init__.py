"""What is handed to users: the wheel, the source distribution, and the list of what the wheel runs with."""
