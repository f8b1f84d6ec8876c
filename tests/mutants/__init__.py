"""Mutation testing: the core is changed in one place at a time, and its tests are to see it (``make mutants``)."""
