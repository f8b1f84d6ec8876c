"""What the Python library returns: rows as objects, in batches, as Arrow and as data frames."""
