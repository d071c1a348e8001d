"""What a person may ask for when a network is to learn to write, and the plan that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from descend.errors import UsageError, did_you_mean
from descend.losses import CategoricalCrossEntropy, Stepwise
from descend.models.language.plan import TOKENS, LanguagePlan
from descend.models.networks.language import CELLS, DROPOUT, default_units, language_network
from descend.models.options import asked_descent, check_names
from descend.optimizers import Adam
from descend.schedules import WarmupCosine
from descend.spec import make_plain
from descend.training import Descent

__all__ = ["LanguageOptions"]

STEPS = 64
"""Short windows of few lanes: many steps an epoch, which counts for more than their speed."""

RATE = 0.003
READ = 10_000_000
"""Tokens that training reads in all: so many epochs."""


@dataclass(frozen=True)
class LanguageOptions:
    """Everything that may be asked of `descend.train` with ``generate``; None: Descend chooses.

    Attributes
    ----------
    tokens : "characters", "bytes" or "pieces"
        What the network reads and writes: characters; bytes, for any file; or 1,024 byte-pair
        pieces of words, learned from the text (with the library ``tokenizers``).
    cell : "gru", "lstm", "elman" or "minimal_gru"
    layers : tuple of int or None
        Units of each recurrent layer.
    steps : int or None
        Tokens in a window: as far as slopes go back in time.
    batch_size : int or None
        Lanes: parts of the text that are read side by side.
    test_fraction, validation : float
        Shares of the text: its last part tests, the part before that validates.
    optimizer, schedule, learning_rate, weight_decay, dropout, epochs, patience, seed, time_limit
        As of `descend.models.Options`.
    clip_norm, clip_value, clip_adaptive, layer_rates, sam, ema, tail_average, lookahead, accumulate
        As the fields of `descend.training.Descent`.
    """

    tokens: str = "characters"
    cell: str = "gru"
    layers: tuple[int, ...] | None = None
    steps: int | None = None
    batch_size: int | None = None
    test_fraction: float = 0.1
    validation: float = 0.05
    optimizer: str | None = None
    learning_rate: float | None = None
    schedule: str | None = None
    epochs: int | None = None
    patience: int | None = None
    dropout: float | None = None
    weight_decay: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    clip_adaptive: float | None = None
    layer_rates: tuple[tuple[str, float], ...] | None = None
    accumulate: int | None = None
    sam: float | None = None
    lookahead: int | None = None
    ema: float | None = None
    tail_average: float | None = None
    time_limit: float | None = None
    seed: int = 0

    @classmethod
    def of(cls, **given: Any) -> LanguageOptions:
        """Return options from keywords, naming the nearest one where a keyword is unknown."""
        check_names(cls, given)
        if given.get("layers") is not None:
            given["layers"] = tuple(given["layers"])
        return cls(**given)

    def __post_init__(self) -> None:
        make_plain(self)
        for name, choices in (("tokens", TOKENS), ("cell", tuple(CELLS))):
            value = getattr(self, name)
            if value not in choices:
                raise UsageError(
                    f'{name} is one of {", ".join(choices)}, got "{value}".'
                    f"{did_you_mean(str(value), choices)}"
                )
        for units in self.layers or ():
            if type(units) is not int or units < 1:
                raise UsageError(
                    f"layers of a network that writes are numbers of units, as 512 or 256,256; got "
                    f"{units!r}"
                )
        if self.layers == ():
            raise UsageError("a network that writes has at least one recurrent layer, as 256")
        for name in ("steps", "batch_size", "epochs", "patience"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise UsageError(f"{name} is at least 1, got {value!r}")
        for name in ("test_fraction", "validation"):
            share = getattr(self, name)
            if not isinstance(share, int | float) or not 0 <= share < 1:
                raise UsageError(f"{name} is a share of the text, from 0 to below 1, got {share!r}")
        if self.test_fraction + self.validation > 0.9:
            raise UsageError("test_fraction and validation leave less than a tenth to learn from")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise UsageError(f"dropout is a share, from 0 to below 1, got {self.dropout!r}")
        if self.time_limit is not None and not self.time_limit > 0:
            raise UsageError(f"time_limit is a number of seconds above 0, got {self.time_limit!r}")
        self.descent(100_000)  # its specs check the names and rates

    def window(self, tokens: int) -> tuple[int, int]:
        """Return lanes and steps for so many training tokens: about 8 windows or more a lane.

        Examples
        --------
        >>> LanguageOptions().window(1_000_000), LanguageOptions().window(20_000)
        ((32, 64), (32, 64))
        """
        steps = STEPS if self.steps is None else self.steps
        steps = max(1, min(steps, (tokens - 1) // 2))
        lanes = self.batch_size
        if lanes is None:
            lanes = next((n for n in (32, 16, 8, 4, 2) if n * steps * 8 <= tokens), 1)
        return max(1, min(lanes, (tokens - 1) // steps)), steps

    def descent(self, tokens: int) -> Descent:
        """Return the way down for so many training tokens."""
        lanes, _ = self.window(tokens)
        default = Descent(
            Adam(RATE),
            schedule=WarmupCosine(0.02, 0.1, 0.02),
            batch_size=lanes,
            epochs=max(1, min(60, round(READ / tokens))),
            patience=5,
            clip_norm=1.0,
            shuffle=False,
            seed=self.seed,
        )
        return asked_descent(self, default).replace(batch_size=lanes)

    def plan(self, tokens: int, size: int) -> LanguagePlan:
        """Return the plan for so many training tokens, of so many different ones."""
        lanes, steps = self.window(tokens)
        return LanguagePlan(
            tokens=self.tokens,
            network=language_network(
                size,
                self.layers or (default_units(tokens),),
                lanes,
                cell=self.cell,
                dropout=DROPOUT if self.dropout is None else self.dropout,
            ),
            loss=Stepwise(CategoricalCrossEntropy()),
            descent=self.descent(tokens),
            steps=steps,
            test_fraction=float(self.test_fraction),
            validation_fraction=float(self.validation),
        )
