"""Any quadratic function of binary variables or spins as a problem: every state is feasible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from descend.errors import DataError, UsageError
from descend.feedback.arguments import sign_row
from descend.feedback.ising import Ising
from descend.feedback.problems.problem import Answer, Problem

__all__ = ["BinaryQuadratic"]


class BinaryQuadratic(Problem):
    """Minimise an `Ising` energy; the answer lists −1 and +1, or 0 and 1.

    Parameters
    ----------
    energy : Ising
    binary : bool
        Whether answers are 0 and 1.
    labels : sequence or None
        Names of the variables; ``None``: 0, 1, 2, …

    Examples
    --------
    >>> from descend.feedback.problems import solve
    >>> problem = BinaryQuadratic(Ising.from_qubo([[1.0, -3.0], [0.0, 1.0]]))
    >>> solve(problem, seed=0, num_steps=50).raw.value.tolist()
    [1, 1]
    """

    def __init__(
        self, energy: Ising, binary: bool = True, labels: Sequence[Any] | None = None
    ) -> None:
        if not isinstance(energy, Ising):
            raise UsageError(
                "energy must be an Ising, as from Ising.from_qubo(matrix), got "
                f"{type(energy).__name__}"
            )
        self.energy, self.binary = energy, bool(binary)
        if labels is not None and (isinstance(labels, str) or not isinstance(labels, Sequence)):
            raise DataError(
                f"labels must be a list or tuple of names, one a variable, got {labels!r}"
            )
        self.labels = list(range(energy.size)) if labels is None else list(labels)
        if len(self.labels) != energy.size:
            raise DataError(
                f"labels must name each of {energy.size} variables, got {len(self.labels)}"
            )

    def encode(self) -> Ising:
        """Return the energy itself."""
        return self.energy

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the state and its energy."""
        spins = sign_row(spins, "spins", self.energy.size)
        value = (spins > 0).astype(int) if self.binary else spins.astype(int)
        return Answer(value, float(self.energy.energies(spins[None])[0]))
