"""ag-news: accuracy and words a second beside fastText with pairs of words, and one row's time.

Each run is a process of its own, its time that of training and test: Descend compiles within it.
``python -m benchmarks.texts`` is one such run of Descend.
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from descend.surroundings import keep_memory

__all__ = ["main"]

ROUNDS = 5

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "text" / "ag-news"

FASTTEXT = """
import json, sys, time, fasttext
start = time.perf_counter()
model = fasttext.train_supervised(sys.argv[1], wordNgrams=2, epoch=int(sys.argv[3]), lr=0.5,
                                  dim=50, thread=2, verbose=0)
rows, right, _ = model.test(sys.argv[2])
seconds = time.perf_counter() - start
lines = [line.split(" ", 1)[1].strip() for line in open(sys.argv[2])][:200]
start = time.perf_counter()
for line in lines:
    model.f.predict(line + "\\n", 1, 0.0, "strict")
each = (time.perf_counter() - start) / len(lines)
print(json.dumps({"seconds": seconds, "accuracy": right, "row": each}))
"""


def texts(name: str) -> list[tuple[str, str]]:
    """Return (class, text) of a file of ag-news."""
    with open(DATA / name, encoding="utf-8") as file:
        return [(row[0], " ".join(row[1:])) for row in csv.reader(file)]


def ours() -> dict[str, float]:
    """Train the default network through the library, test it, and time one row."""
    import polars as pl

    import descend

    parts = {"train": texts("train10k.csv"), "test": texts("test.csv")}
    rows = [(c, t, part) for part, found in parts.items() for c, t in found]
    frame = pl.DataFrame(rows, schema=["class", "text", "part"], orient="row")
    train = descend.train  # imports what it needs, as fastText's time is without its import
    start = time.perf_counter()
    model = train(frame, "class", split="part", kinds={"text": "text"})
    seconds = time.perf_counter() - start
    one = frame.tail(200).select("text")
    model.predict(one[:1])
    start = time.perf_counter()
    for i in range(len(one)):
        model.predict(one[i : i + 1])
    each = (time.perf_counter() - start) / len(one)
    return {"seconds": seconds, "accuracy": model.report.targets[0].accuracy, "row": each}


def fasttext(folder: Path, epochs: int) -> list[str]:
    """Return the command that trains fastText, by the interpreter of ``PEERS_PYTHON`` or this."""
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    return [python, "-c", FASTTEXT, str(folder / "train"), str(folder / "test"), str(epochs)]


def written(folder: Path) -> None:
    """Write the texts as fastText reads them."""
    for part, name in (("train", "train10k.csv"), ("test", "test.csv")):
        lines = [f"__label__{c} {' '.join(t.lower().split())}" for c, t in texts(name)]
        (folder / part).write_text("\n".join(lines) + "\n", "utf-8")


def figures(command: list[str], *, needed: bool) -> dict[str, float] | None:
    """Run a contestant in a process of its own; None where one that is not needed fails."""
    errors = None if needed else subprocess.DEVNULL
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, check=needed)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def main() -> None:
    """Print the medians of each: accuracy, seconds, words a second and one row's time."""
    if not DATA.exists():
        print(f"\nTexts: {DATA} is not there: left out")
        return
    words = sum(len(text.split()) for _, text in texts("train10k.csv"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(folder)
        commands = {"Descend": [sys.executable, "-m", "benchmarks.texts"]}
        commands |= {f"fastText, {n} epochs": fasttext(folder, n) for n in (5, 25)}
        found: dict[str, list[dict[str, float]]] = {who: [] for who in commands}
        for _ in range(ROUNDS):
            for who, command in commands.items():
                one = figures(command, needed=who == "Descend")
                found[who] += [] if one is None else [one]
    print(f"\nag-news, 10,000 training rows, {words:,} words, medians of {ROUNDS} rounds in turn")
    base = None
    for who, rounds in found.items():
        if not rounds:
            print(f"  {who:<22} is not installed (see PEERS_PYTHON): left out")
            continue
        it = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        base = base or it["seconds"]
        print(
            f"  {who:<22} accuracy {it['accuracy']:.3f}  {it['seconds']:6.1f} s  "
            f"{words / it['seconds']:>9,.0f} words/s of the text  one row {it['row'] * 1e3:.2f} ms"
            f"  Descend's time is {base / it['seconds']:.1f} times its"
        )


if __name__ == "__main__":
    keep_memory()
    print(json.dumps(ours()))
