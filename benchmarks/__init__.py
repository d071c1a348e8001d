"""Benchmarks against peers, interleaved in one run: ``python -m benchmarks`` (or ``make bench``)."""
