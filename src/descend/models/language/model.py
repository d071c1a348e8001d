"""A language model: a network that has read a text, foresees the next token, and writes on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypedDict, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from descend.data.files import write_atomically
from descend.data.tokens.passages import count_known, reach_of
from descend.data.tokens.reading import read_bytes, read_running_text
from descend.data.tokens.tokens import Tokens, joined
from descend.errors import DataError, ModelFileError, SpecError, UsageError
from descend.layers import Layer
from descend.layers.summary import parameter_count
from descend.models.files.modelfile import to_bytes
from descend.models.files.tensors import expected, flat, plan_errors, taken
from descend.models.language.card import LanguageCard
from descend.models.language.plan import LanguagePlan, text_parts
from descend.models.language.report import LanguageReport
from descend.models.networks.language import carrying
from descend.models.outputs import MOST_WEIGHTS
from descend.spec import plain, to_json
from descend.training.running_text import LANES, Draw, text_nats, written_codes

__all__ = ["Drawing", "LanguageModel", "check_fits", "codes_digest", "count_units"]

MOST_PROMPT = 10_000
"""Of a longer prompt only the last tokens are read: a network remembers a few hundred."""


class Drawing(TypedDict, total=False):
    """How `LanguageModel.generate` and `LanguageModel.stream` draw tokens: keywords of both.

    Attributes
    ----------
    temperature : float
        Below 1 it keeps to what is likely, above 1 it dares more; 0 always takes the likeliest.
        0.8 if not given.
    top_k : int, optional
        Draw among so many of the likeliest tokens only.
    top_p : float, optional
        Draw among the likeliest tokens that have this probability together only (Holtzman et
        al. 2020, The curious case of neural text degeneration).
    seed : int
        The same seed writes the same text; 0 if not given.
    """

    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A network that has read a text, with everything needed to write on.

    Made by `descend.train` with ``generate=True``, and by `descend.load`.

    Attributes
    ----------
    card : LanguageCard
    params : dict of NumPy arrays
    fingerprints : uint32 array
        Of the passages it was trained on, see `descend.data.tokens.passages`; empty in older files.
    """

    card: LanguageCard
    params: Any
    fingerprints: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))

    @property
    def plan(self) -> LanguagePlan:
        """The plan it was trained by."""
        return self.card.plan

    @property
    def tokens(self) -> Tokens:
        """What it reads and writes."""
        return self.card.tokens

    @property
    def report(self) -> LanguageReport | None:
        """The score on the last part of the text, which it has never seen."""
        return self.card.report

    def generate(
        self,
        prompt: str = "",
        length: int = 500,
        **drawing: Unpack[Drawing],
    ) -> str:
        """Return what the network writes after a prompt.

        Parameters
        ----------
        prompt : str
            Read first; none is like a new line. Characters that the training text does not have
            are read as unknown (see `descend.data.tokens.Tokens.unseen`).
        length : int
            Tokens to write: characters, bytes or pieces.
        temperature, top_k, top_p, seed
            See `Drawing`.

        Returns
        -------
        str
            Without the prompt.

        Raises
        ------
        UsageError
            If a setting is out of range.
        """
        return "".join(self.stream(prompt, length, **drawing))

    def stream(
        self, prompt: str = "", length: int = 500, **drawing: Unpack[Drawing]
    ) -> Iterator[str]:
        """Yield what `generate` returns as it is written, whole characters at a time."""
        return joined(self.written(prompt, length, **drawing))

    def written(
        self,
        prompt: str = "",
        length: int = 500,
        *,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> Iterator[bytes]:
        """Return what `generate` does as bytes, token after token: of a model of bytes any."""
        length, seed = plain(length), plain(seed)
        if type(length) is not int or length < 0:
            raise UsageError(f"length is a number of tokens, 0 or more, got {length!r}")
        draw = _draw(temperature, top_k, top_p)
        if type(seed) is not int or not 0 <= seed < 2**32:
            raise UsageError(f"seed is an integer from 0 to below 2^32, got {seed!r}")
        codes = self.tokens.encode(prompt)[-MOST_PROMPT:]
        if not len(codes):
            codes = self.tokens.encode("\n")
        network = carrying(self.plan.network, 1)
        found = written_codes(network, self.params, codes, seed, draw, self.tokens.unknown)
        table = self.tokens.written()
        return (table[code] for code in islice(found, length))

    def test(self, path: str | os.PathLike[str], encoding: str | None = None) -> LanguageReport:
        """Score how well the model foresees a text file; ``-`` is standard input.

        Raises
        ------
        DataError
            If it cannot be read or has fewer than two tokens.
        """
        if self.plan.tokens == "bytes":
            text, source = read_bytes(path)
        else:
            text, source, _ = read_running_text(path, encoding)
        codes = self.tokens.encode(text)
        if len(codes) < 2:
            raise DataError(f"{source} has nothing to foresee: a text of two tokens is the least")
        report = self.report_on(codes, 1, source)
        return report.replace(trained_on=self._trained_on(text, codes))

    def _trained_on(self, text: str | bytes, codes: np.ndarray) -> int:
        """Return how many tokens of a text were targets in training, by its passages.

        The first token of the text is never foreseen, and does not count.
        """
        reach = reach_of(self.card.provenance.rows)
        known = min(count_known(codes, self.fingerprints, reach), len(codes) - 1)
        return max(known, self._begins_with_all(text))

    def _begins_with_all(self, text: str | bytes) -> int:
        """Return how many tokens were trained on, if a text begins with the whole training text."""
        origin, plan = self.card.provenance, self.plan
        # Of pieces it is not known how many characters they were.
        known = text if plan.tokens == "pieces" else text[: origin.rows]
        parts = text_parts(known, plan.test_fraction, plan.validation_fraction)
        codes = [self.tokens.encode(part) for part in parts]
        same = codes_digest(np.concatenate(codes)) == origin.data_digest
        return max(0, len(codes[0]) - 1) if same else 0

    def report_on(self, codes: np.ndarray, first: int, source: str) -> LanguageReport:
        """Score the tokens of a text from the one at ``first`` on; those before it are context."""
        network = carrying(self.plan.network, LANES)
        tested = codes[first:]
        unknown = self.tokens.unknown
        return LanguageReport(
            source=source,
            noun=self.tokens.noun,
            tokens=len(tested),
            units=count_units(self.tokens, tested),
            nats=text_nats(network, self.plan.loss, self.params, codes, first),
            choices=self.tokens.size,
            unseen=0 if unknown is None else int((tested == unknown).sum()),
        )

    def with_report(self, report: LanguageReport) -> LanguageModel:
        """Return the same model with a report in its card."""
        return replace(self, card=self.card.replace(report=report))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file, whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written; whatever stood there before is untouched.
        """
        tensors = dict(flat(self.params, "params"))
        if len(self.fingerprints):
            tensors["fingerprints"] = self.fingerprints
        write_atomically(path, to_bytes(to_json(self.card), tensors))

    @classmethod
    def of_file(
        cls, card: LanguageCard, tensors: dict[str, np.ndarray], path: Any
    ) -> LanguageModel:
        """Return the model of a card and tensors that were read from a file.

        Raises
        ------
        ModelFileError
            If they do not fit one another.
        """
        network = card.plan.network
        with plan_errors(path):
            check_fits(network, card.tokens.size)
            params, _ = expected(network, (card.plan.steps,))
        fingerprints = tensors.pop("fingerprints", np.zeros(0, np.uint32))
        if fingerprints.dtype != np.uint32 or fingerprints.ndim != 1:
            raise ModelFileError(f"{Path(path)}: the fingerprints of its passages are no hashes")
        return cls(card, taken(tensors, params, "params", path), fingerprints)


def codes_digest(codes: np.ndarray) -> str:
    """Return the SHA-256 of the codes of a text."""
    return hashlib.sha256(codes.tobytes()).hexdigest()


def count_units(tokens: Tokens, codes: np.ndarray) -> int:
    """Return how many characters (of a model of bytes: bytes) some tokens make up."""
    if tokens.noun != "piece":
        return len(codes)
    # Every character of UTF-8 has one byte that is not a continuation, 10xxxxxx.
    begins = [sum(value & 0xC0 != 0x80 for value in piece) for piece in tokens.written()]
    return max(1, int(np.array(begins)[codes].sum()))


def _draw(temperature: float, top_k: int | None, top_p: float | None) -> Draw:
    """Check the settings of drawing."""

    temperature, top_k, top_p = plain(temperature), plain(top_k), plain(top_p)

    def number(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    if not number(temperature) or not 0 <= temperature < float("inf"):
        raise UsageError(f"temperature is a number of at least 0, as 0.8, got {temperature!r}")
    if top_k is not None and (type(top_k) is not int or top_k < 1):
        raise UsageError(f"top_k is a number of tokens, at least 1, got {top_k!r}")
    if top_p is not None and (not number(top_p) or not 0 < top_p <= 1):
        raise UsageError(f"top_p is a probability above 0 and at most 1, as 0.9, got {top_p!r}")
    most = 2**31 - 1
    return Draw(float(temperature), min(top_k or 0, most), 1.0 if top_p is None else float(top_p))


def check_fits(network: Layer, size: int) -> None:
    """Refuse a network that does not foresee tokens of so many kinds, one after another.

    Raises
    ------
    SpecError
        Says what was expected.
    """

    def one_step(key: jax.Array) -> Any:
        params, state, _ = step.init(key, (1,))
        codes = jnp.zeros((1, 1), jnp.int32)
        return params, step.apply(params, state, codes, key=None, train=False)[0]

    step = carrying(network, 1)
    params, raw = jax.eval_shape(one_step, jax.random.key(0))
    if raw.shape != (1, 1, size):
        raise SpecError(f"the network gives {raw.shape} for one token, expected (1, 1, {size})")
    if parameter_count(params) > MOST_WEIGHTS:
        raise SpecError(
            f"the network has {parameter_count(params):,} weights, and a model file holds "
            f"{MOST_WEIGHTS:,} at most"
        )
    if jax.tree.leaves(expected(carrying(network, 0), (1,))[1]):
        raise SpecError("only recurrent layers may keep a state in a network that writes")
