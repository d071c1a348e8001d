"""Sequences of wildly different length: how often anything is compiled, and lengths 0 and 1."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import polars as pl

import descend


@contextmanager
def compiled() -> Iterator[Counter]:
    """Count what JAX says it compiles, by name."""
    counts: Counter = Counter()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            if message.startswith("Compiling"):
                counts[message.split()[1]] += 1

    logger, listener = logging.getLogger("jax._src.interpreters.pxla"), Listener()
    level = logger.level
    logger.addHandler(listener)
    logger.setLevel(logging.DEBUG)
    try:
        yield counts
    finally:
        logger.removeHandler(listener)
        logger.setLevel(level)


def sequences(lengths: list[int]) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    cells = [
        ",".join(f"{v:.2f}" for v in draw.normal(size=n) + (row % 2) * np.arange(n))
        for row, n in enumerate(lengths)
    ]
    return pl.DataFrame({"s": cells, "y": ["ab"[row % 2] for row in range(len(cells))]})


def test_lengths_from_1_to_300_compile_one_program_of_steps_a_network() -> None:
    lengths = [1, 2, 3, 5, 300, 40] * 10 + list(range(1, 41))
    with compiled() as counts:
        model = descend.train(sequences(lengths), "y", kinds={"s": "series"}, epochs=2)
    # The network and its linear rival: each the steps of training, and a forward pass.
    assert counts["jit(steps)"] <= 2
    assert counts["jit(apply)"] <= 2
    model.predict(sequences([3, 9]))
    with compiled() as counts:
        for n in (0, 1, 7, 150, 300, 900):
            assert len(model.predict(sequences([n, n]))) == 2
    assert not counts
