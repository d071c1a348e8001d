"""The optimiser as a ``dimod`` sampler: any binary quadratic model of that ecosystem."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Literal

import numpy as np

from descend.errors import DataError, MissingExtraError, UsageError, did_you_mean
from descend.feedback.arguments import one_of, seed_of, whole
from descend.feedback.ising import Ising
from descend.feedback.run import Progress
from descend.feedback.search import Result, minimize

try:
    import dimod
except ImportError as error:  # pragma: no cover - exercised in a subprocess
    raise MissingExtraError(
        'FeedbackSampler needs dimod. Install it with: pip install "descend[optimize]"'
    ) from error

__all__ = ["FeedbackSampler", "ising_of"]


def ising_of(model: Any) -> tuple[Ising, list[Hashable]]:
    """Return a dimod binary quadratic model as an `Ising`, and its labels in that order.

    Examples
    --------
    >>> import dimod
    >>> problem, labels = ising_of(dimod.BinaryQuadraticModel({}, {"ab": 1.0}, 0.0, "SPIN"))
    >>> labels, problem.energies([[1, -1]]).tolist()
    (['a', 'b'], [-1.0])
    """
    if not isinstance(getattr(model, "vartype", None), dimod.Vartype):
        raise UsageError(
            "the model must be a dimod.BinaryQuadraticModel, got "
            f"{type(model).__name__}; constrained models are solved by "
            "descend.feedback.problems.models.solve_model"
        )
    spin = model.spin
    labels = list(spin.variables)
    fields, (rows, columns, weights), offset = spin.to_numpy_vectors(variable_order=labels)
    problem = Ising.from_edges(len(labels), rows, columns, weights, fields, float(offset))
    return problem, labels


class FeedbackSampler(dimod.Sampler, dimod.Initialized):
    """A dimod sampler that descends the energy by feedback dynamics.

    Examples
    --------
    >>> samples = FeedbackSampler().sample_ising({}, {("a", "b"): 1.0}, num_reads=4, seed=0)
    >>> float(samples.first.energy)
    -1.0
    """

    def __init__(self) -> None:
        self._parameters: dict[str, list[str]] = {
            name: []
            for name in (
                "algorithm",
                "groups",
                "initial_states",
                "initial_states_generator",
                "interrupt_function",
                "knobs",
                "num_reads",
                "num_steps",
                "progress",
                "seed",
                "timeout",
            )
        }
        self._properties: dict[str, Any] = {"category": "software"}

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The keyword arguments of `sample`."""
        return self._parameters

    @property
    def properties(self) -> dict[str, Any]:
        """Properties of the sampler."""
        return self._properties

    def sample(
        self,
        bqm: Any,
        *,
        algorithm: str = "auto",
        num_reads: int | None = None,
        num_steps: int = 2000,
        timeout: float | None = None,
        seed: int | None = None,
        initial_states: Any = None,
        initial_states_generator: Literal["none", "tile", "random"] = "random",
        groups: Any = None,
        knobs: dict[str, float] | None = None,
        interrupt_function: Callable[[], bool] | None = None,
        progress: Callable[[Progress], Any] | None = None,
        **unknown: Any,
    ) -> Any:
        """Sample low-energy states of a binary quadratic model.

        Parameters
        ----------
        bqm : dimod.BinaryQuadraticModel
        algorithm, num_steps, timeout, seed, interrupt_function, progress
            As in `descend.feedback.minimize`.
        num_reads : int or None
            ``None``: as many as initial states, or else as in `descend.feedback.minimize`.
        initial_states, initial_states_generator
            As in dwave-samplers: "none", "tile" or "random" says what to do when there are fewer
            initial states than reads. Without any initial state the dynamics draw their own.
        groups : list of lists of labels, or None
            One-hot groups of variables for the Potts dynamics.
        knobs : dict or None
            Parameters of the named algorithm.

        Returns
        -------
        dimod.SampleSet
            Energies are computed by dimod in float64; ``info`` holds the algorithm, its
            parameters, the seed, steps, seconds and the trace of the best energy.

        Raises
        ------
        UsageError
            For a model of another kind, and as `descend.feedback.minimize`.
        DataError
            For initial states that do not fit the model.
        """
        self.remove_unknown_kwargs(**unknown)
        seed = None if seed is None else seed_of(seed)
        num_reads = None if num_reads is None else whole(num_reads, "num_reads", 1)
        one_of(initial_states_generator, "initial_states_generator", ("none", "tile", "random"))
        if knobs is not None and not isinstance(knobs, dict):
            raise UsageError(f"knobs must be a dict of names and numbers, got {knobs!r}")
        problem, labels = ising_of(bqm)
        states = None
        if initial_states is not None:
            try:
                parsed = self.parse_initial_states(
                    bqm.spin,
                    initial_states=initial_states,
                    initial_states_generator=initial_states_generator,
                    num_reads=num_reads,
                    seed=None if seed is None else seed % 2**32,
                )
            except (TypeError, ValueError) as error:
                raise DataError(f"initial_states do not fit the model: {error}") from None
            place = [parsed.initial_states.variables.index(label) for label in labels]
            states = np.asarray(parsed.initial_states.record.sample)[:, place]
            num_reads = parsed.num_reads
        numbers = {label: k for k, label in enumerate(labels)}
        result = minimize(
            problem,
            algorithm=algorithm,
            num_reads=num_reads,
            num_steps=num_steps,
            timeout=timeout,
            seed=seed,
            initial_states=states,
            groups=None if groups is None else _numbered(groups, numbers),
            interrupt_function=interrupt_function,
            progress=progress,
            **(knobs or {}),
        )
        return _sample_set(result, bqm, labels)


def _numbered(groups: Any, numbers: dict[Hashable, int]) -> list[list[int]]:
    """Return groups of labels as groups of spins."""
    try:
        rows = [list(group) for group in groups]
        strange = [label for row in rows for label in row if label not in numbers]
    except TypeError as error:
        raise UsageError(f"groups must be lists of labels, one list a group: {error}") from None
    for label in strange:
        raise UsageError(
            f"a group names {label!r}, which is no variable of the model"
            + (f".{did_you_mean(label, map(str, numbers))}" if isinstance(label, str) else "")
        )
    return [[numbers[label] for label in row] for row in rows]


def _sample_set(result: Result, bqm: Any, labels: list[Hashable]) -> Any:
    binary = bqm.vartype is dimod.BINARY
    samples = result.binary if binary else result.spins
    info = {
        "algorithm": result.algorithm,
        "knobs": result.knobs,
        "seed": result.seed,
        "steps": result.steps,
        "seconds": result.seconds,
        "trace": [tuple(entry) for entry in result.trace],
    }
    return dimod.SampleSet.from_samples_bqm((samples, labels), bqm, info=info)
