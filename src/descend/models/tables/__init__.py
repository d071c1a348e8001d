"""Models of tables: from the rows as they came to a tested network."""
