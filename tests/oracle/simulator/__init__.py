"""An index on the loopback: a model that changes, documents made from it, and a wire that can misbehave."""
