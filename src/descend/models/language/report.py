"""How well a language model foresees a text, beside a model that only counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from descend.models.files.plain import check_plain
from descend.spec import Spec, check_integer, check_number

__all__ = ["LanguageReport"]


@dataclass(frozen=True)
class LanguageReport(Spec):
    """How well a language model foresees a text.

    Attributes
    ----------
    source : str
        Name of the file.
    noun : str
        What a token is called.
    tokens, units : int
        Tokens foreseen; characters they make up (bytes, for a model of bytes).
    nats : float
        -log probability of them all together, base e.
    choices : int
        Different tokens: guessing costs log of it a token.
    rival_nats : float or None
        Of the n-gram model; None where it was not kept.
    rival_order : int
        It looks at so many tokens before each.
    unseen : int
        Tokens that the training part does not have, foreseen as "any other".
    trained_on : int
        Tokens, at least, that the network was trained on: all of them, where the text begins with
        the whole of that which it learned from, else those of the passages that both have.
    """

    source: str
    noun: str
    tokens: int
    units: int
    nats: float
    choices: int
    rival_nats: float | None = None
    rival_order: int = 0
    unseen: int = 0
    trained_on: int = 0

    def __post_init__(self) -> None:
        check_plain(self)
        check_integer(self, "tokens", at_least=1)
        check_integer(self, "units", at_least=1)
        check_integer(self, "choices", at_least=2)
        check_number(self, "nats", at_least=0, at_most=700.0 * self.tokens)

    @property
    def unit(self) -> str:
        """What `nats_each` is counted by: "character" or "byte"."""
        return "byte" if self.noun == "byte" else "character"

    @property
    def nats_each(self) -> float:
        """Nats a character (a byte)."""
        return self.nats / self.units

    @property
    def bits_each(self) -> float:
        """Bits a character (a byte): how small the text could be stored."""
        return self.nats_each / math.log(2)

    @property
    def rival_nats_each(self) -> float | None:
        """Nats a character of the n-gram model."""
        return None if self.rival_nats is None else self.rival_nats / self.units

    @property
    def guess_nats_each(self) -> float:
        """Nats a character where every token is as likely as any other."""
        return self.tokens * math.log(self.choices) / self.units

    @property
    def perplexity(self) -> float:
        """exp(nats a token): as unsure as among so many equally likely tokens."""
        return math.exp(self.nats / self.tokens)
