"""How to descend: everything about a training run except the network, the loss and the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from descend.errors import SpecError
from descend.optimizers import Adam, Optimizer
from descend.schedules import Cosine, Schedule
from descend.spec import Spec, check_choice, check_integer, check_number, check_spec

__all__ = ["Descent"]

MOST_RESTARTS = 10_000


@dataclass(frozen=True)
class Descent(Spec):
    """The way down.

    Parameters
    ----------
    optimizer : Optimizer
        The rule, with its learning rate.
    schedule : Schedule
        Multiplier of the learning rate over the planned steps.
    batch_size : int or None
        Rows a step: 1 is stochastic descent, row by row; None is full batch.
    epochs : int
        At most so many passes over the training rows.
    patience : int or None
        Stop after so many epochs without gain on the validation rows; None never stops early.
    watch : "loss", "refined" or "score"
        What a gain is measured by on the validation rows; the refined loss is that which the best
        temperature leaves (`descend.training.temperature.refined_loss`).
    weight_decay : float
        Decoupled decay: every step also takes learning_rate * weight_decay * weight off each
        weight (never off biases, scales and shifts).
    clip_norm : float or None
        Gradients longer than this (Euclidean norm over all parameters) are shortened to it.
    clip_value : float or None
        Every entry of the gradient is brought into [-clip_value, clip_value].
    clip_adaptive : float or None
        The gradient of each unit's weights is shortened to this share of their length (Brock, De,
        Smith and Simonyan 2021, High-performance large-scale image recognition without
        normalization; about 0.01 to 0.1).
    layer_rates : tuple of (layer, factor)
        Factor of every step, decay included, of the layers of that name (such as ``0_dense``) and
        of all in them; 0 keeps them as they are.
    accumulate : int
        Compute each batch in so many pieces, one after another, and add up their gradients: the
        same step in less memory.
    sam : float or None
        Take the gradient at theta + sam g / |g| instead of theta, at the price of a second pass:
        sharpness-aware minimisation (Foret, Kleiner, Mobahi and Neyshabur 2021; about 0.05).
    mixup : float or None
        Blend the examples of each batch by a share from Beta(mixup, mixup), and their targets
        with them (Zhang, Cisse, Dauphin and Lopez-Paz 2018, mixup; about 0.2). For numbers,
        pictures and sounds.
    lookahead : int or None
        After every so many steps, go back half of the way to where the last such pause left off
        (Zhang, Lucas, Hinton and Ba 2019, Lookahead optimizer: k steps forward, 1 step back).
    ema : float or None
        Predict with average <- average + share (theta - average), where share is 1 - ema, or 1 / t
        at step t while that is more: the plain mean over the first 1 / (1 - ema) steps, so that the
        average owes nothing to the start of a short run. About 0.99 to 0.9999.
    tail_average : float or None
        Predict with the mean of theta over this last share of the planned steps; with theta itself
        before. Batch statistics that layers keep are not averaged.
    restarts : int
        Train so many networks side by side in one program, from the starts of the seeds ``seed``,
        ``seed + 1`` and so on, and keep the one that is best on the validation rows: the answer to
        local minima.
    shuffle : bool
        Visit the rows in a new random order each epoch. Without effect on a full batch.
    seed : int
        Determines the first weights, the order of rows and every random draw of the layers.

    Examples
    --------
    >>> Descent(batch_size=None, epochs=5).batch_size is None
    True
    """

    optimizer: Optimizer = Adam()
    schedule: Schedule = Cosine()
    batch_size: int | None = 32
    epochs: int = 100
    patience: int | None = 20
    watch: str = "loss"
    weight_decay: float = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None
    clip_adaptive: float | None = None
    layer_rates: tuple[tuple[str, float], ...] = ()
    accumulate: int = 1
    sam: float | None = None
    mixup: float | None = None
    lookahead: int | None = None
    ema: float | None = None
    tail_average: float | None = None
    restarts: int = 1
    shuffle: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        check_spec(self, "optimizer", Optimizer)
        check_spec(self, "schedule", Schedule)
        if self.batch_size is not None:
            check_integer(self, "batch_size", at_least=1)
        check_integer(self, "epochs", at_least=1)
        if self.patience is not None:
            check_integer(self, "patience", at_least=1)
        check_choice(self, "watch", ("loss", "refined", "score"))
        check_number(self, "weight_decay", at_least=0)
        for name in ("clip_norm", "clip_value", "clip_adaptive", "sam", "mixup"):
            if getattr(self, name) is not None:
                check_number(self, name, above=0)
        if self.ema is not None:
            check_number(self, "ema", at_least=0, below=1)
        if self.tail_average is not None:
            check_number(self, "tail_average", above=0, at_most=1)
        if self.lookahead is not None:
            check_integer(self, "lookahead", at_least=2)
        check_integer(self, "accumulate", at_least=1)
        check_integer(self, "restarts", at_least=1, at_most=MOST_RESTARTS)
        self._check_layer_rates()
        self._check_together()
        if not isinstance(self.shuffle, bool):
            raise SpecError(f"Descent: shuffle must be true or false, got {self.shuffle!r}")
        check_integer(self, "seed", at_least=0, at_most=2**63 - 1)

    def _check_layer_rates(self) -> None:
        for entry in self.layer_rates if isinstance(self.layer_rates, tuple) else ((),):
            if not (
                isinstance(entry, tuple)
                and len(entry) == 2
                and isinstance(entry[0], str)
                and isinstance(entry[1], int | float)
                and 0 <= entry[1] < math.inf
            ):
                raise SpecError(
                    "Descent: layer_rates must be a tuple of (layer, factor of at least 0), as "
                    f'(("0_dense", 0.1),); got {self.layer_rates!r}'
                )

    def _check_together(self) -> None:
        """Refuse fields that contradict each other."""
        name = type(self.optimizer).__name__
        if self.optimizer.full_batch and self.batch_size is not None:
            raise SpecError(
                f"Descent: {name} compares gradients of one step with those of the next, which "
                "differ by chance where each step sees other rows: it needs all rows at every "
                f"step, batch_size=None (on the command line: --batch-size all), got "
                f"{self.batch_size}. For mini-batches take Adam or ImplicitSGD"
            )
        if self.optimizer.looks_again and self.accumulate > 1:
            raise SpecError(f"Descent: {name} and accumulate do not go together")
        if self.ema is not None and self.tail_average is not None:
            raise SpecError("Descent: ema and tail_average are two averages: choose one")
        if self.mixup is not None and self.batch_size == 1:
            raise SpecError("Descent: mixup blends the rows of a batch: batch_size must be above 1")
        if self.mixup is not None and self.optimizer.full_batch:
            raise SpecError(f"Descent: mixup draws at every step, which {name} cannot follow")
        averages = type(self.optimizer).evaluation_params is not Optimizer.evaluation_params
        extras = {
            "ema": self.ema, "tail_average": self.tail_average, "lookahead": self.lookahead,
            "layer_rates": self.layer_rates or None,
        }  # fmt: skip
        for field, value in extras.items():
            if averages and value is not None:
                raise SpecError(
                    f"Descent: {field} does not go with {name}, which keeps an average of its own"
                )
        if averages and hasattr(self.optimizer, "weight_decay") and self.weight_decay > 0:
            raise SpecError(
                f"Descent: weight_decay={self.weight_decay:g} would be without effect on {name}, "
                "which makes each step from an average of its own: give it to the rule, as in "
                f"{name}(weight_decay={self.weight_decay:g})"
            )
