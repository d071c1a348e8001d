"""Kinds of values that options take on the command line: names, layers, shares, times."""

from __future__ import annotations

import re
from typing import Any

import click

__all__ = ["BatchSize", "Changes", "Layers", "Levels", "Names", "Rates", "Seconds", "Share"]


class Names(click.ParamType[Any]):
    """Column names separated by commas; a comma in a name is written twice."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of names."""
        if not isinstance(value, str):
            return value
        parts = value.replace(",,", "\0").split(",")
        return tuple(part.replace("\0", ",").strip() for part in parts if part.strip())


class Layers(click.ParamType[Any]):
    """Hidden layers: ``64,32``, or ``conv32,pool,dense64``, or ``none`` for a linear model."""

    name = "units"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of integers and of words such as ``conv32``."""
        if not isinstance(value, str):
            return value
        if value.strip().lower() == "none":
            return ()
        words = [part.strip().lower().removeprefix("dense") for part in value.split(",")]
        if not all(re.fullmatch(r"[1-9]\d*|[a-z]+\d*", word) for word in words):
            self.fail(
                f'"{value}" is not a list of layers. Write one number of at least 1 for each '
                "hidden layer, as 64,32, for pictures also conv32,pool,dense64, or none for a "
                "linear model",
                param,
                ctx,
            )
        return tuple(int(word) if word.isdecimal() else word for word in words)


class Changes(click.ParamType[Any]):
    """Random changes of pictures and sounds: ``flip,rotate15``, or ``none``."""

    name = "changes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of words."""
        if not isinstance(value, str):
            return value
        words = tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return () if words == ("none",) else words


class Levels(click.ParamType[Any]):
    """Levels of quantiles: ``0.1,0.5,0.9``."""

    name = "levels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of numbers."""
        if not isinstance(value, str):
            return value
        try:
            return tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f'"{value}" is not a list of levels, as 0.1,0.5,0.9', param, ctx)


class BatchSize(click.ParamType[Any]):
    """A number of rows, or ``all``."""

    name = "rows"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return an integer or "all"."""
        if value == "all" or isinstance(value, int):
            return value
        try:
            return int(value)
        except ValueError:
            self.fail(f'"{value}" is neither a number of rows nor "all"', param, ctx)


class Rates(click.ParamType[Any]):
    """Factors of the learning rate by layer: ``0_dense=0.1,2_dense=0``."""

    name = "layer=factor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of (layer, factor)."""
        if not isinstance(value, str):
            return value
        rates = []
        for part in value.split(","):
            name, mark, factor = part.rpartition("=")
            try:
                rates.append((name.strip(), float(factor)))
            except ValueError:
                mark = ""
            if not mark or not name.strip():
                self.fail(f'"{part}" is not LAYER=FACTOR, as 0_dense=0.1', param, ctx)
        return tuple(rates)


class Seconds(click.ParamType[Any]):
    """A duration: ``90``, ``90s``, ``5m`` or ``1h``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return seconds."""
        if isinstance(value, int | float):
            return float(value)
        unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(value[-1:], 0.0)
        try:
            seconds = float(value[:-1]) * unit if unit else float(value)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < float("inf"):
            self.fail(f'"{value}" is not a time. Write seconds, as 90 or 90s, or 5m, or 1h', param)
        return seconds


class Share(click.ParamType[Any]):
    """A share of the rows, or the name of a file."""

    name = "share|file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a float, or the text as it is."""
        try:
            return float(value)
        except ValueError:
            return value
