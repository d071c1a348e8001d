"""``descend optimize``: the best arrangement for a problem in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from descend.cli.destination import check_apart, check_picture, check_writable
from descend.cli.options import json_option, quiet_option
from descend.cli.values import Seconds
from descend.errors import UsageError

if TYPE_CHECKING:
    from descend.feedback.files import Loaded
    from descend.feedback.problems import Answer, Report

__all__ = ["command"]

PICTURES = ("answer", "energy", "states")


@click.command("optimize", short_help="Find the best arrangement of interconnected factors.")
@click.argument("file")
@click.option("--kind", help="Format of FILE, where its ending does not tell.")
@click.option(
    "--time-limit", "seconds", type=Seconds(), default="10s", show_default=True, metavar="TIME",
    help="For everything, as 30s or 5m.",
)  # fmt: skip
@click.option("--algorithm", default="auto", show_default=True, help="bsb, dsb, gsb, cac, nmfa …")
@click.option(
    "--reads",
    type=click.IntRange(min=1),
    help="Networks side by side; default: 64, 8 where time is short.",
)
@click.option(
    "--steps", type=click.IntRange(1, 2**31 - 1), default=2000, show_default=True,
    help="Steps of the first run.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--colors", type=click.IntRange(min=1), help="Colours allowed; default: as few as can be found."
)
@click.option("-o", "--out", help="Result file (JSON), written whole or not at all.")
@click.option("--picture", help="SVG of the answer.")
@click.option("--show", type=click.Choice(PICTURES), default="answer", help="What to draw.")
@json_option
@quiet_option
def command(
    file: str,
    kind: str | None,
    seconds: float,
    algorithm: str,
    reads: int | None,
    steps: int,
    seed: int,
    colors: int | None,
    out: str | None,
    picture: str | None,
    show: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find the best arrangement for the problem in FILE.

    Every factor is a unit that acts on the units it is connected to; the network descends its
    energy. FILE: a graph (Gset, DIMACS .col), TSPLIB, QAPLIB, Beasley or gka, job-shop, a dimod
    model, or a symmetric matrix as CSV.

    \b
    descend optimize G22.txt --time-limit 30s
    descend optimize berlin52.tsp --picture tour.svg
    descend optimize queen6_6.col --colors 7 --out colours.json
    """
    from descend.cli.render import Talk
    from descend.data.files import write_atomically
    from descend.feedback.files import load_problem
    from descend.feedback.problems import Coloring, solve

    if seconds <= 0:
        raise UsageError("--time-limit must be above 0, as 30s or 5m")
    if out is not None:
        check_apart(Path(out), file)
        check_writable(Path(out))
    drawing = check_picture(picture)
    talk = Talk(quiet)
    loaded = load_problem(file, kind, colors=colors)
    talk.line("Problem", f"{loaded.kind}: {loaded.describe}")
    search: dict[str, Any] = {
        "algorithm": algorithm,
        "num_reads": reads,
        "num_steps": steps,
        "seed": seed,
        "progress": _Meter(talk),
    }
    if isinstance(loaded.problem, Coloring) and colors is None:
        loaded, report = _fewest(loaded, seconds, search)
    else:
        report = solve(loaded.problem, timeout=seconds, **search)
    search["progress"].close()
    _tell(talk, loaded, report)
    text = json.dumps(_as_json(loaded, report), indent=1)
    if out is not None:
        write_atomically(out, (text + "\n").encode())
        talk.line("Saved", out)
    if drawing is not None:
        write_atomically(drawing, _draw(loaded, report, show).encode())
        talk.line("Picture", str(drawing))
    if as_json:
        click.echo(text)
    elif out is None:
        click.echo(json.dumps(_plain(report.repaired)))
    return 0


class _Meter:
    """The lowest energy so far: one line that changes on a terminal, one every 5 s elsewhere."""

    def __init__(self, talk: Any) -> None:
        self.talk, self.next, self.drawn = talk, 0.0, False
        self.live = talk.file.isatty() and not talk.quiet

    def __call__(self, now: Any) -> None:
        if now.seconds < self.next or self.talk.quiet:
            return
        text = f"{now.seconds:6.1f} s  energy {now.energy:.8g}  {now.steps:,} steps"
        if self.live:
            self.talk.file.write("\r" + text.ljust(60))
            self.talk.file.flush()
            self.drawn = True
        else:
            self.talk.say(text)
        self.next = now.seconds + (0.1 if self.live else 5.0)

    def close(self) -> None:
        if self.drawn:
            self.talk.file.write("\n")


def _fewest(loaded: Loaded, seconds: float, search: dict[str, Any]) -> tuple[Loaded, Report]:
    """Lower the number of colours until the time is up or none is found."""
    import time
    from dataclasses import replace

    from descend.feedback.problems import Coloring, solve

    problem, best = loaded.problem, None
    if not isinstance(problem, Coloring):
        raise TypeError("only colourings have colours")
    graph, deadline = loaded.drawing, time.perf_counter() + seconds
    while problem.colors >= 1:
        # Half of what is left for each number keeps time for the hardest, the last ones.
        left = max(0.1, (deadline - time.perf_counter()) / (1 if best is None else 2))
        report = solve(problem, timeout=left, **search)
        if best is not None and not report.repaired.feasible:
            break
        used = len(set(report.repaired.value.tolist()))
        best = replace(loaded, problem=problem, describe=f"{used} colours"), report
        if not report.repaired.feasible or used == 1 or time.perf_counter() >= deadline:
            break
        problem = Coloring(graph.nodes, graph.first, graph.second, used - 1)
    if best is None:
        raise RuntimeError("at least one number of colours is tried")
    return best


def _tell(talk: Any, loaded: Loaded, report: Report) -> None:
    result, raw, repaired = report.result, report.raw, report.repaired
    talk.line("Search", f"{result.algorithm}, {result.steps:,} steps, {result.seconds:.1f} s")
    word = loaded.objective
    talk.line("Raw", f"{word} {raw.cost:g}, {report.raw_feasible:.0%} of the reads feasible")
    talk.line(
        "Answer", f"{word} {repaired.cost:g}" + (", " + loaded.describe) * (word == "conflicts")
    )
    if not repaired.feasible:
        shown = "; ".join(repaired.violations[:3])
        talk.line("", f"no feasible answer was found; the nearest breaks: {shown}")


def _plain(answer: Answer) -> dict[str, Any]:
    value = answer.value.tolist() if hasattr(answer.value, "tolist") else answer.value
    cost = answer.cost if abs(answer.cost) != float("inf") else None
    return {"cost": cost, "feasible": answer.feasible, "value": value}


def _as_json(loaded: Loaded, report: Report) -> dict[str, Any]:
    result = report.result
    labels = getattr(loaded.problem, "labels", None)
    return {
        "kind": loaded.kind,
        "problem": loaded.describe,
        "objective": loaded.objective,
        "answer": _plain(report.repaired),
        "violations": list(report.repaired.violations),
        "raw": _plain(report.raw),
        "raw_feasible": report.raw_feasible,
        "labels": None if labels is None else [str(label) for label in labels],
        "algorithm": result.algorithm,
        "knobs": result.knobs,
        "seed": result.seed,
        "steps": result.steps,
        "seconds": result.seconds,
        "trace": [list(entry) for entry in result.trace],
    }


def _draw(loaded: Loaded, report: Report, show: str) -> str:
    import numpy as np

    from descend.feedback import picture
    from descend.feedback.formats import Graph
    from descend.feedback.problems import JobShop, TravellingSalesman

    answer = report.repaired
    title = f"{loaded.kind}: {loaded.objective} {answer.cost:g}"
    if show == "energy":
        return picture.draw_energy(report.result.trace, title)
    if show == "answer" and isinstance(loaded.drawing, Graph):
        return picture.draw_graph(loaded.drawing, answer.value, title)
    if show == "answer" and isinstance(loaded.problem, TravellingSalesman) and answer.feasible:
        points = loaded.drawing
        if points is None:
            angle = np.linspace(0, 2 * np.pi, loaded.problem.cities, endpoint=False)
            points = np.column_stack([np.cos(angle), np.sin(angle)])[np.argsort(answer.value)]
        return picture.draw_tour(points, answer.value, title)
    if show == "answer" and isinstance(loaded.problem, JobShop) and answer.feasible:
        job = loaded.problem
        return picture.draw_schedule(job.machines, job.durations, answer.value, title)
    return picture.draw_states(report.result.spins, title)
