"""Series of a table: laid out as rows, continued, and tested step by step."""
