"""A second index and an oracle, written from the specifications and from the documentation of the streams alone."""
