"""Where a model came from: the rows, the run, and the machine."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from descend.models.files.plain import check_plain
from descend.spec import Spec
from descend.training import EpochRecord
from descend.version import __version__

__all__ = ["Provenance", "surroundings"]


@dataclass(frozen=True)
class Provenance(Spec):
    """Where a model came from.

    Attributes
    ----------
    source : str
        Name of the file that was trained on.
    rows : int
        Rows in it.
    data_digest : str
        SHA-256 over the hashes of its rows in their order, each of a row's inputs; targets are
        not in it. Of a text, over the codes of its tokens. Empty where it was not taken.
    made : str
        Date and time of the end of training, UTC.
    descend, jax, numpy, python : str
        Versions.
    device, cores : str, int
        What it ran on; bits may differ elsewhere.
    seconds : float
        Duration of training.
    epochs, best_epoch : int
        Epochs run, and the one whose weights were kept.
    ended : str
        "epochs", "patience", "time" (of ``time_limit``) or "stopped".
    starts : tuple of float
        With ``restarts``, the best validation score of each start in the order of their seeds; a
        start that diverged at once has none, and stands as the lowest.
    """

    source: str
    rows: int
    data_digest: str
    made: str
    descend: str
    jax: str
    numpy: str
    python: str
    device: str
    cores: int
    seconds: float
    epochs: int
    best_epoch: int
    ended: str
    starts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_plain(self)

    @classmethod
    def of(
        cls,
        history: Sequence[EpochRecord],
        *,
        source: str,
        rows: int,
        data_digest: str,
        best_epoch: int,
        ended: str,
        starts: Sequence[float] = (),
    ) -> Provenance:
        """Return the provenance of a run that has just ended, here and now."""
        return cls(
            source=source,
            rows=rows,
            data_digest=data_digest,
            made=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            seconds=history[-1].seconds if history else 0.0,
            epochs=history[-1].epoch if history else 0,
            best_epoch=best_epoch,
            ended=ended,
            starts=tuple(starts),
            **surroundings(),
        )


def surroundings() -> dict[str, Any]:
    """Return the versions, the device and the number of cores: what bits may depend on."""
    everywhere = os.cpu_count() or 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else everywhere
    return {
        "descend": __version__,
        "jax": jax.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": jax.devices()[0].device_kind,
        "cores": cores,
    }
