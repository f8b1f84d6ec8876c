"""What the other tools run, each in its own environment, as an experienced user would write it."""
