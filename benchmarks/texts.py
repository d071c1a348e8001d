"""ag-news: accuracy and words a second beside fastText with pairs of words, and one row's time."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["main"]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "text" / "ag-news"

FASTTEXT = """
import json, sys, time, fasttext
start = time.perf_counter()
model = fasttext.train_supervised(sys.argv[1], wordNgrams=2, epoch=int(sys.argv[3]), lr=0.5,
                                  dim=50, thread=2, verbose=0)
seconds = time.perf_counter() - start
rows, right, _ = model.test(sys.argv[2])
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
    start = time.perf_counter()
    kinds = {"text": "text"}
    model = descend.train(frame, "class", split="part", kinds=kinds)
    seconds = time.perf_counter() - start
    one = frame.tail(200).select("text")
    model.predict(one[:1])
    start = time.perf_counter()
    for i in range(len(one)):
        model.predict(one[i : i + 1])
    each = (time.perf_counter() - start) / len(one)
    return {"seconds": seconds, "accuracy": model.report.targets[0].accuracy, "row": each}


def fasttext(folder: Path, epochs: int) -> dict[str, float] | None:
    """Train fastText in the interpreter of ``PEERS_PYTHON``, or this one; None without it."""
    for part, name in (("train", "train10k.csv"), ("test", "test.csv")):
        lines = [f"__label__{c} {' '.join(t.lower().split())}" for c, t in texts(name)]
        (folder / part).write_text("\n".join(lines) + "\n", "utf-8")
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    command = [python, "-c", FASTTEXT, str(folder / "train"), str(folder / "test"), str(epochs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def main() -> None:
    """Print accuracy, seconds, words a second and one row's time of each."""
    if not DATA.exists():
        print(f"\nTexts: {DATA} is not there: left out")
        return
    words = sum(len(text.split()) for _, text in texts("train10k.csv"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {"Descend": ours()}
        for epochs in (5, 25):
            peer = fasttext(folder, epochs)
            if peer is None:
                print("\nfastText is not installed (see PEERS_PYTHON): left out")
                break
            found[f"fastText, {epochs} epochs"] = peer
    print(f"\nag-news, 10,000 training rows, {words:,} words")
    for who, it in found.items():
        print(
            f"  {who:<22} accuracy {it['accuracy']:.3f}  {it['seconds']:6.1f} s  "
            f"{words / it['seconds']:>9,.0f} words/s of the text  one row {it['row'] * 1e3:.2f} ms"
        )


if __name__ == "__main__":
    main()
