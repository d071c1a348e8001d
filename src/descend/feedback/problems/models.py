"""dimod models as problems: binary quadratic models, and constrained ones by penalties."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from descend.errors import DataError, MissingExtraError
from descend.feedback.arguments import real

__all__ = ["ModelReport", "solve_model"]


@dataclass(frozen=True)
class ModelReport:
    """What a search found for a constrained model.

    Attributes
    ----------
    sample : dict
        Variable to value: feasible before infeasible, then by objective.
    cost : float
        The objective there.
    violations : dict
        Constraint label to how far it is broken; empty when feasible.
    feasible_share : float
        Share of the reads that broke nothing.
    """

    sample: dict[Any, float]
    cost: float
    violations: dict[Any, float]
    feasible_share: float

    @property
    def feasible(self) -> bool:
        """Whether no constraint is broken."""
        return not self.violations


def solve_model(model: Any, *, penalty: float | None = None, **search: Any) -> ModelReport:
    """Solve a dimod binary or constrained quadratic model.

    Parameters
    ----------
    model : dimod.BinaryQuadraticModel or dimod.ConstrainedQuadraticModel
        Constraints become quadratic penalties, inequalities with slack bits
        (`dimod.cqm_to_bqm`).
    penalty : float or None
        Weight of the constraints; ``None``: twice the spread of the objective's terms.
    **search
        Arguments of `FeedbackSampler.sample`.

    Raises
    ------
    DataError
        If a constraint can hold for no values, or the model has real variables.

    Returns
    -------
    ModelReport
        With the nearest violation when nothing feasible was found.

    Examples
    --------
    >>> import dimod
    >>> x, y = dimod.Binaries("xy")
    >>> model = dimod.ConstrainedQuadraticModel()
    >>> model.set_objective(-2 * x - y)
    >>> _ = model.add_constraint(x + y <= 1, label="one")
    >>> report = solve_model(model, seed=0, num_steps=100)
    >>> report.cost, report.feasible
    (-2.0, True)
    """
    from descend.feedback.sampler import FeedbackSampler

    try:
        import dimod
    except ImportError as error:
        raise MissingExtraError(
            'constrained models need dimod. Install it with: pip install "descend[optimize]"'
        ) from error

    sampler = FeedbackSampler()
    if penalty is not None:
        penalty = real(penalty, "penalty", above=0)
    if not isinstance(model, dimod.ConstrainedQuadraticModel):
        first = sampler.sample(model, **search).first
        return ModelReport(dict(first.sample), float(first.energy), {}, 1.0)
    if penalty is None:
        objective = model.objective
        terms = [*objective.linear.values(), *objective.quadratic.values()]
        penalty = 2.0 * sum(abs(float(t)) for t in terms) / max(1, len(terms)) ** 0.5 or 1.0
    try:
        with warnings.catch_warnings():
            # dimod tells of constraints that always hold: nothing to act upon.
            warnings.filterwarnings("ignore", "Did not add constraint")
            bqm, invert = dimod.cqm_to_bqm(model, lagrange_multiplier=penalty)
    except ValueError as error:
        raise DataError(f"the model cannot be turned into penalties: {error}") from None
    samples = sampler.sample(bqm, **search)
    reports, good = [], 0
    for row in samples.samples(sorted_by="energy"):
        values = invert(dict(row))
        broken = {k: float(v) for k, v in model.violations(values).items() if v > 1e-8}
        good += not broken
        cost = float(model.objective.energy(values))
        reports.append((sum(broken.values()), cost, values, broken))
    _, cost, values, broken = min(reports, key=lambda entry: entry[:2])
    return ModelReport(values, cost, broken, good / len(reports))
