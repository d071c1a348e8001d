"""Language models: networks that have read a text and write on."""
