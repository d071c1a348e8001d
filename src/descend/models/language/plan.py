"""The plan of a language model: everything needed to repeat a run on the same text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from descend.errors import SpecError
from descend.layers import Layer
from descend.losses import Stepwise
from descend.models.plan import check_layer_count
from descend.spec import Spec, check_choice, check_integer, check_number, check_spec
from descend.training import Descent

__all__ = ["LanguagePlan", "TOKENS", "text_parts"]

TOKENS = ("characters", "bytes", "pieces")


@dataclass(frozen=True)
class LanguagePlan(Spec):
    """Everything needed to repeat a run on the same text.

    Parameters
    ----------
    tokens : "characters", "bytes" or "pieces"
        What the network reads and writes, one after another.
    network : Layer
        From codes (time,) to raw outputs (time, codes); its recurrent layers carry what they
        remember along ``descent.batch_size`` lanes.
    loss : Stepwise
    descent : Descent
        A batch is one window of every lane.
    steps : int
        Tokens in a window: as far as slopes go back in time.
    test_fraction, validation_fraction : float
        Shares of the whole text: the last part tests, the part before it validates.
    """

    tokens: str
    network: Layer
    loss: Stepwise
    descent: Descent
    steps: int
    test_fraction: float
    validation_fraction: float

    def __post_init__(self) -> None:
        check_choice(self, "tokens", TOKENS)
        check_spec(self, "network", Layer)
        check_layer_count(self)
        check_spec(self, "loss", Stepwise)
        check_spec(self, "descent", Descent)
        check_integer(self, "steps", at_least=1, at_most=100_000)
        check_number(self, "test_fraction", at_least=0, below=1)
        check_number(self, "validation_fraction", at_least=0, below=1)
        if self.test_fraction + self.validation_fraction >= 1:
            raise SpecError("LanguagePlan: tests and validation leave nothing to learn from")
        if self.descent.batch_size is None or self.descent.shuffle:
            raise SpecError("LanguagePlan: lanes need a batch_size, and windows in their order")


def text_parts(text: Any, test: float, held: float) -> list[Any]:
    """Return the parts of a text that train, validate and test.

    Parameters
    ----------
    text : str or bytes
    test, held : float
        Shares of it that test and validate.

    Examples
    --------
    >>> text_parts("abcdefghij", 0.1, 0.2)
    ['abcdefg', 'hi', 'j']
    """
    ends = [round(len(text) * share) for share in (1 - test - held, 1 - test, 1)]
    return [text[a:b] for a, b in zip((0, *ends[:2]), ends, strict=True)]
