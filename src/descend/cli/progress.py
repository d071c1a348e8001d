"""The run as it goes."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from descend.cli.render import Talk
    from descend.training import EpochRecord, Run

__all__ = ["Progress"]


class Progress:
    """The run as it goes: a bar on a terminal, a line now and then elsewhere.

    Parameters
    ----------
    talk : Talk
    run : Run
    score, sign : str, int
        What the validation score is called, and what it is multiplied by to be shown.
    unit, each : str, int
        What speed is counted in, and how many of them a row is.
    """

    def __init__(
        self,
        talk: Talk,
        run: Run,
        *,
        score: str = "",
        sign: int = 1,
        unit: str = "rows",
        each: int = 1,
    ) -> None:
        self.talk, self.run, self.epochs = talk, run, run.descent.epochs
        self.score, self.sign, self.unit, self.each = score, sign, unit, each
        self.live = talk.file.isatty() and not talk.quiet
        self.latest: EpochRecord | None = None
        self.said: EpochRecord | None = None
        self.next_line = 0.0
        self.width = 0

    def update(self, record: EpochRecord) -> None:
        """Take the newest record."""
        if record.complete:
            self.latest = record
        if self.talk.quiet:
            return
        now = time.perf_counter()
        if self.live:
            if now >= self.next_line:
                self._draw(self._text(record, bar=True))
                self.next_line = now + 0.1
        elif now >= self.next_line:
            if record.complete:
                self.talk.say(self._text(record, bar=False))
                self.said = record
            self.next_line = now + (2.0 if record.complete else 0.0)

    def close(self) -> None:
        """Leave the newest complete record on a line of its own."""
        if self.live and self.width:
            self._draw("")
            self.talk.file.write("\r")
            self.width = 0
        if self.latest is not None and self.latest is not self.said:
            self.talk.say(self._text(self.latest, bar=False))
        self.latest = None

    def _draw(self, text: str) -> None:
        self.talk.file.write("\r" + text.ljust(self.width))
        self.talk.file.flush()
        self.width = len(text)

    def _text(self, record: EpochRecord, *, bar: bool) -> str:
        """Return the fields of a record that there is room for, the most telling first to stay."""
        done = (record.epoch - 1 + record.share) / self.epochs
        validation = score = drawn = left = ""
        judged = record if record.validation_loss is not None else self.latest
        if judged is not None and judged.validation_loss is not None:
            validation = f"validation {judged.validation_loss:.4f}"
            found = judged.validation_score
            if found is not None and math.isfinite(found):  # undefined on some rows
                score = f"{self.score} {self.sign * found:.3f}"
        if bar:
            filled = int(24 * done)
            drawn = "━" * filled + ("╸" if filled < 24 else "") + "─" * (23 - filled)
            seconds = int(record.seconds * (1 - done) / done) if done > 0 else 0
            left = f"{seconds // 60}:{seconds % 60:02d} left" if done > 0 else ""
        epoch = f"epoch {record.epoch:>{len(str(self.epochs))}}"
        speed = f"{record.rows_per_second * self.each:,.0f} {self.unit}/s"
        shown = [epoch, drawn, f"loss {record.loss:.4f}", validation, score, speed, left]
        room = self.talk.width - bar - len(epoch)
        for place in (2, 3, 4, 6, 1, 5):
            needed = len(shown[place]) + 2
            if needed > room:
                shown[place] = ""
            elif shown[place]:
                room -= needed
        return "  ".join(filter(None, shown))
