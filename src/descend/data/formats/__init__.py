"""Readers of the formats that tables come in: one file a format, and what they share."""
