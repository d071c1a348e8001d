"""Running text as tokens: characters, bytes, or learned pieces of words."""
