"""Looking inside a model: what excites its units, what matters to it, and why it decided so."""
