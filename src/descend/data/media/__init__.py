"""Files of pictures and sounds: finding, reading, decoding and keeping them."""
