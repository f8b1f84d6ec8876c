"""What the peers run, each in its own environment, as somebody who knows them well would write it."""
