"""A schema in a database, which dlt reaches."""
