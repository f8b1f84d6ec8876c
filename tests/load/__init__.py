"""Many projects from an index with faults: the same tables, and limited memory, descriptors and threads."""
