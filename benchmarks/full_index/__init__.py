"""An index of realistic size, made from a seed while it is served, and a ``sync`` of all of it, measured."""
