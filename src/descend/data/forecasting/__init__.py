"""Series that are to be continued: their clock, their seasons, and the table made of their past."""
