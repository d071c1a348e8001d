"""Training a language model: from a text to a tested model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from descend.data.tokens.byte_tokens import ByteTokens
from descend.data.tokens.characters import fit_characters
from descend.data.tokens.passages import passage_fingerprints, reach_of
from descend.data.tokens.pieces import fit_pieces
from descend.data.tokens.reading import read_bytes, read_running_text
from descend.data.tokens.tokens import Tokens
from descend.errors import DataError
from descend.layers.summary import parameter_count, summary_line
from descend.models.files.provenance import Provenance
from descend.models.language.card import LanguageCard
from descend.models.language.model import LanguageModel, check_fits, codes_digest
from descend.models.language.ngrams import ngram_nats
from descend.models.language.options import LanguageOptions
from descend.models.language.plan import LanguagePlan, text_parts
from descend.models.time_limit import TimeLimit
from descend.training import EpochRecord, Examples, Run

__all__ = ["LanguageTraining", "train_language", "windows"]

PIECES = 1024
"""Different pieces that are learned."""

LEAST = 1_000
"""Tokens to learn from, at least."""

MOST_RAW = 1 << 26
"""Raw outputs for the validation tokens that are in memory at once: 256 MB."""

VALIDATION_STEPS = 1024
"""Tokens of a validation row; each row begins without memory."""

ORDERS = {"characters": 5, "bytes": 5, "pieces": 2}
"""Tokens that the n-gram rival looks back at: where it was best on English texts of 1 MB."""

FINISH = 0.06
"""Share of a limit of time kept back for the test and the n-gram rival."""


class LanguageTraining:
    """A run on a text, prepared and ready to begin.

    Parameters
    ----------
    source : file name or "-"
    options : LanguageOptions
    plan : LanguagePlan, optional
        Repeats an earlier run: it decides everything.
    encoding : str, optional
        Of the text; found where not given.

    Attributes
    ----------
    tokens : Tokens
    codes : int32 array
        The whole text.
    notes : tuple of str
    plan : LanguagePlan
    train, validation : Examples
        Windows of the lanes in the order of their visit, and rows of the part held out.
    run : Run
    """

    def __init__(
        self,
        source: str | os.PathLike[str],
        options: LanguageOptions,
        plan: LanguagePlan | None = None,
        encoding: str | None = None,
    ) -> None:
        self.limit = None
        if options.time_limit is not None:
            self.limit = TimeLimit(options.time_limit, finish=FINISH)
        kind = options.tokens if plan is None else plan.tokens
        test = options.test_fraction if plan is None else plan.test_fraction
        held = options.validation if plan is None else plan.validation_fraction
        self.notes: tuple[str, ...] = ()
        text: str | bytes
        if kind == "bytes":
            text, self.source = read_bytes(source)
        else:
            text, self.source, self.notes = read_running_text(source, encoding)
        self.size = len(text)
        parts = text_parts(text, test, held)
        self._opening = _opening(text)
        _check_length(len(parts[0]), "bytes" if kind == "bytes" else "characters", self.source)
        self.tokens = _fitted(kind, parts[0], self.source)
        codes = [self.tokens.encode(part) for part in parts]
        _check_length(len(codes[0]), f"{self.tokens.noun}s", self.source)
        self.ends = tuple(int(n) for n in np.cumsum([len(part) for part in codes]))
        self.codes = np.concatenate(codes)
        self.plan = plan or options.plan(self.ends[0], self.tokens.size)
        check_fits(self.plan.network, self.tokens.size)
        lanes = self.plan.descent.batch_size or 1
        self.train = windows(self.codes[: self.ends[0]], lanes, self.plan.steps)
        self.validation = self._validation()
        if self.limit is not None:
            self.plan = self.limit.suited(self.plan, self.train, free=False)
        self.run = Run(
            self.plan.network, self.plan.loss, self.plan.descent, self.train, self.validation,
            diagnostics=True,
        )  # fmt: skip

    def _validation(self) -> Examples:
        """Return rows of the part that validates, no more than their raw outputs have room for."""
        first, last = self.ends[0], self.ends[1]
        most = max(VALIDATION_STEPS, MOST_RAW // self.tokens.size)
        part = self.codes[first : min(last, first + most)]
        if len(part) < 2:
            empty = np.zeros((0, 1), np.int32)
            return Examples(empty, empty)
        return windows(part, 1, min(VALIDATION_STEPS, len(part) - 1))

    def epochs(self) -> Iterator[EpochRecord]:
        """Train, and yield records as `descend.training.Run.epochs` does."""
        return self.run.epochs() if self.limit is None else self.limit.watched(self.run)

    def opening(self) -> str:
        """Return the first words of the text, for a prompt."""
        return self._opening

    def starts(self) -> tuple[float, ...]:
        """Return nothing: there is one start."""
        return ()

    def network_line(self) -> str:
        """Return the network in one line."""
        line = summary_line(self.plan.network, (self.plan.steps,))
        return f"{line} softmax, {parameter_count(self.run.params):,} weights"

    def finish(self) -> LanguageModel:
        """Test the best weights on the last part of the text, and return the model."""
        run = self.run
        provenance = Provenance.of(
            run.history,
            source=self.source,
            rows=len(self.codes),
            data_digest=codes_digest(self.codes),
            best_epoch=run.best_epoch,
            ended=run.ended,
        )
        card = LanguageCard(self.plan, self.tokens, None, provenance)
        known = passage_fingerprints(self.codes[: self.ends[0]], reach_of(len(self.codes)))
        model = LanguageModel(card, run.params, known)
        first = self.ends[1]
        if len(self.codes) == first:
            return model
        report = model.report_on(self.codes, first, self.source)
        order = ORDERS[self.plan.tokens]
        rival = ngram_nats(self.codes[: self.ends[0]], self.codes[first:], self.tokens.size, order)
        return model.with_report(report.replace(rival_nats=float(rival.sum()), rival_order=order))


def windows(codes: np.ndarray, lanes: int, steps: int) -> Examples:
    """Cut a text into the windows of its lanes, in the order of their visit.

    Row b * lanes + i is window b of lane i, which goes on where window b - 1 of lane i ended; the
    targets are the tokens one later. Lanes have the same length and may overlap a little, so that
    no token is left out.

    Examples
    --------
    >>> windows(np.arange(9), 2, 2).x.tolist()
    [[0, 1], [4, 5], [2, 3], [6, 7]]
    """
    last = len(codes) - 1  # the last token has nothing after it
    count = max(1, min(-(-last // (lanes * steps)), last // steps))
    length = count * steps
    starts = np.linspace(0, last - length, lanes).round().astype(int)

    def cut(first: int) -> np.ndarray:
        text = np.stack([codes[first + s : first + s + length] for s in starts])
        rows = text.reshape(lanes, count, steps).transpose(1, 0, 2).reshape(-1, steps)
        return np.ascontiguousarray(rows, np.int32)

    return Examples(cut(0), cut(1))


def _opening(text: str | bytes) -> str:
    """Return the first words of a text, some 20 characters."""
    start = text[:200] if isinstance(text, str) else text[:200].decode("utf-8", "ignore")
    line = next((line.strip() for line in start.splitlines() if line.strip()), "")
    words = "".join(c for c in line if c.isprintable()).split(" ")
    while len(words) > 1 and len(" ".join(words)) > 20:
        words.pop()
    return " ".join(words)[:40] or "A"


def _check_length(found: int, noun: str, source: str) -> None:
    """Refuse a training part that is too short."""
    if found < LEAST:
        raise DataError(
            f"{source} leaves {found:,} {noun} to learn from; {LEAST:,} are the least. Give a "
            "longer text"
        )


def _fitted(kind: str, text: Any, source: str) -> Tokens:
    """Return the tokens of a training part."""
    if kind == "bytes":
        return ByteTokens()
    if kind == "pieces":
        return fit_pieces(text, PIECES)
    try:
        return fit_characters(text)
    except ValueError:
        raise DataError(f"{source} repeats no character: nothing to learn from") from None


def train_language(
    source: str | os.PathLike[str],
    *,
    plan: LanguagePlan | None = None,
    encoding: str | None = None,
    on_epoch: Callable[[EpochRecord], object] | None = None,
    **options: Any,
) -> LanguageModel:
    """Train a network to write on; `descend.train` with ``generate=True``."""
    training = LanguageTraining(source, LanguageOptions.of(**options), plan, encoding)
    for record in training.epochs():
        if on_epoch is not None and record.complete:
            on_epoch(record)
    return training.finish()
