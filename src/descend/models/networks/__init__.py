"""Default networks: one file for each kind of input."""
