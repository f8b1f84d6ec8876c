"""A day's work in small: many projects from an index with bad moments, and what it costs to read them."""
