"""How far predictions can be trusted: calibration, intervals, and likeness to the training rows."""
