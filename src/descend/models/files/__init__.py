"""Model files and checkpoints: what is written, and how it is checked when read."""
