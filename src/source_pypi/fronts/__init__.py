"""The ways out: each takes batches from the core and knows nothing of the others."""
