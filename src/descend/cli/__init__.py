"""The command line: ``descend train``, ``test``, ``predict``, ``show``."""
