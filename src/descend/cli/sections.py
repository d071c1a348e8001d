"""The help of commands with many options: told in sections, the usual ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

__all__ = ["SectionedCommand"]


class SectionedCommand(click.Command):
    """A command whose help lists its options by section.

    Parameters
    ----------
    sections
        From a heading to the names of its options, in the order to show. Options that no section
        names stand last, under "Other".
    """

    def __init__(
        self, *args: Any, sections: Mapping[str, Sequence[str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sections = dict(sections or {})

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, each as wide as the longest option of all."""
        lines = {
            parameter.name: record
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            and (record := parameter.get_help_record(ctx)) is not None
        }
        found = {
            heading: [lines.pop(name) for name in names if name in lines]
            for heading, names in self.sections.items()
        }
        found["Other"] = list(lines.values())
        wide = max(len(option) for records in found.values() for option, _ in records)
        for heading, records in found.items():
            if records:
                records[0] = (records[0][0].ljust(wide), records[0][1])
                with formatter.section(heading):
                    formatter.write_dl(records)
