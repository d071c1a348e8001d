"""Encoders: one file for each kind of column, from cells to the inputs of a network."""
