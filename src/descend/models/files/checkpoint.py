"""Checkpoints: a run on disk, so that a killed process loses no more than the latest minute.

A checkpoint holds the weights, the optimizer's memory, the random key, the position in the epoch,
the best weights so far and the history. The order of rows is a function of seed, epoch and position
and needs no place in it. A run that goes on from a checkpoint ends with the same bits as one that
was never stopped, on the same machine and versions.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from descend.data.files import write_atomically
from descend.errors import ModelFileError, OutputError, UsageError
from descend.models.files.modelfile import canonical_json, read_model_file, to_bytes
from descend.models.files.provenance import surroundings
from descend.spec import to_json
from descend.training.records import arrays_digest

if TYPE_CHECKING:
    from descend.models.tables.training import TableTraining

__all__ = ["Checkpoints", "differences"]

FORM = "descend.checkpoint"

SHOWN = 3
"""Fields of another plan that a message names."""


class Checkpoints:
    """The checkpoints of one run, in a folder of their own.

    Parameters
    ----------
    folder : path
        Made if it is not there. One process at a time may use it.
    training : TableTraining
    every : float
        Seconds between two checkpoints, at least.
    keep : int
        How many of the newest to keep.

    Attributes
    ----------
    warnings : list of str
        What a person should know: a checkpoint that could not be written or read, other versions.

    Raises
    ------
    OutputError
        If the folder cannot be made, or another process uses it.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        training: TableTraining,
        *,
        every: float = 60.0,
        keep: int = 2,
    ) -> None:
        if not every >= 0 or keep < 1:
            raise UsageError(f"every is at least 0 seconds and keep at least 1: {every}, {keep}")
        self.folder = Path(folder)
        self.training, self.every, self.keep = training, every, keep
        self.warnings: list[str] = []
        self._identity_found: dict[str, Any] | None = None
        self._last = time.monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.folder / "lock")
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(f"{self.folder} cannot hold checkpoints: {error.strerror}") from None
        for part in self.folder.glob(".*.part"):  # left by a killed process; we hold the lock
            with suppress(OSError):
                part.unlink()

    def _files(self) -> list[Path]:
        """Return the checkpoints, newest first."""
        return sorted(self.folder.glob("step-*.checkpoint"), reverse=True)

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for a run to go on."""
        if self._identity_found is None:
            parts = (self.training.train, self.training.validation)
            data = arrays_digest([(part.x, part.y, part.weights) for part in parts])
            self._identity_found = {"plan": to_json(self.training.plan), "data": data}
        return self._identity_found

    def _machine(self) -> dict[str, Any]:
        """Return what must be the same for the bits to be the same."""
        return {name: value for name, value in surroundings().items() if name != "python"}

    def save_if_due(self) -> None:
        """Write a checkpoint if the time has come. To be called between two records."""
        if time.monotonic() - self._last >= self.every:
            self.save()

    def save(self) -> None:
        """Write a checkpoint, whole or not at all.

        A full disk or a lost folder does not end the training: it is told in ``warnings``, and the
        checkpoint before stays as it was.
        """
        facts, tensors = self.training.run.snapshot()
        step = int(tensors["carry/step"])
        spec = {"run": facts, "identity": self._identity(), "machine": self._machine()}
        path = self.folder / f"step-{step:012d}.checkpoint"
        self._last = time.monotonic()
        try:
            write_atomically(path, to_bytes(spec, tensors, FORM))
        except OSError as error:
            self.warnings.append(f"no checkpoint at step {step}: {error}")
            return
        for old in self._files()[self.keep :]:
            with suppress(OSError):
                old.unlink()

    def resume(self, *, force: bool = False) -> int:
        """Go on from the newest whole checkpoint.

        Parameters
        ----------
        force : bool
            Go on although the rows or the plan are not those of the checkpoint, if they fit.

        Returns
        -------
        step : int
            How many steps had been taken; 0 if there is no checkpoint, and the run starts afresh.

        Raises
        ------
        UsageError
            If the checkpoint is of another plan, or of other rows, and not ``force``.
        ModelFileError
            If there are checkpoints, and none of them can be read.
        """
        files, damaged = self._files(), []
        for path in files:
            try:
                spec, tensors = read_model_file(path, FORM)
            except ModelFileError as error:
                damaged.append(f"{path.name} is damaged and left out: {error}")
                continue
            self.warnings += damaged
            self._check(path, spec, force)
            try:
                self.training.run.restore(spec["run"], tensors)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise ModelFileError(
                    f"{path} does not fit this run, whose network, optimizer or rows are others "
                    f"({error}). Use the options it was made with, or another --checkpoint folder"
                ) from None
            return int(tensors["carry/step"])
        if files:
            raise ModelFileError(
                f"none of the {len(files)} checkpoints in {self.folder} can be read, so the run "
                f"would start afresh: leave out --resume, or use another folder. {damaged[0]}"
            )
        return 0

    def _check(self, path: Path, spec: Any, force: bool) -> None:
        identity = spec.get("identity", {}) if isinstance(spec, dict) else {}
        machine = spec.get("machine", {}) if isinstance(spec, dict) else {}
        wanted, others = self._identity(), []
        plans = [canonical_json(of.get("plan")) for of in (identity, wanted)]
        if plans[0] != plans[1]:
            fields = differences(identity.get("plan"), wanted["plan"])
            others.append(f"another plan ({'; '.join(fields[:SHOWN])})")
        if identity.get("data") != wanted["data"]:
            others.append("other rows")
        if others and not force:
            raise UsageError(
                f"{path} is of {' and '.join(others)}, so going on from it would not be the same "
                "run. Use another --checkpoint folder to start afresh, or --force to go on all the "
                "same"
            )
        for name, value in self._machine().items():
            if machine.get(name) != value:
                self.warnings.append(
                    f"the checkpoint was made with {name} {machine.get(name)}, this is {value}: "
                    "the result may differ in its last bits"
                )

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(self, *error: object) -> None:
        """Let another process use the folder."""
        self._lock.close()


def differences(there: Any, here: Any, name: str = "") -> list[str]:
    """Return where two trees of plain JSON values differ, as ``descent.epochs 3, now 4``.

    Examples
    --------
    >>> differences({"descent": {"epochs": 3, "seed": 0}}, {"descent": {"epochs": 4, "seed": 0}})
    ['descent.epochs 3, now 4']
    """
    if isinstance(there, dict) and isinstance(here, dict):
        names = [*there, *(key for key in here if key not in there)]
        pairs = [(f"{name}.{key}".strip("."), there.get(key), here.get(key)) for key in names]
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        pairs = [(f"{name}[{i}]", a, b) for i, (a, b) in enumerate(zip(there, here, strict=True))]
    elif canonical_json(there) == canonical_json(here):
        return []
    else:
        texts = [canonical_json(value) for value in (there, here)]
        short = [text if len(text) < 40 else "one" for text in texts]
        both_long = short == ["one", "one"]
        return [f"{name}: not the same" if both_long else f"{name} {short[0]}, now {short[1]}"]
    return [text for key, a, b in pairs for text in differences(a, b, key)]


def _locked(path: Path) -> Any:
    """Return the open lock file, or refuse while another process holds it."""
    file = path.open("a+")
    try:
        import fcntl
    except ImportError:  # Windows: no lock, and so no protection
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise OutputError(
            f"another process is training with checkpoints in {path.parent}; wait for it, or use "
            "another folder"
        ) from None
    return file
