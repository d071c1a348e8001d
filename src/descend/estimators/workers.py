"""Worker processes that share what they compile, and the cores.

joblib starts workers as processes of their own, so that each compiles every program anew, and each
would use every core. Both are settled by environment variables that a process reads when it first
computes; the process that starts the workers, and its JAX, are left as they are.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager

from descend import surroundings

__all__ = ["heed_threads", "worker_processes"]

THREADS = "PJRT_NPROC"
"""What XLA's client for CPUs takes for the number of cores."""


@contextmanager
def worker_processes() -> Iterator[None]:
    """Let worker processes that start within this context share a cache of compiled programs.

    Without it, every worker compiles for itself. With it, a program is compiled once, by whoever
    needs it first, and kept for later processes in the folder that the command line uses too
    (``~/.cache/descend/compiled``, which only its owner can write into; without such a folder,
    nothing is kept). Loops over few data are compiled as the command line does, which
    makes small networks faster. Only the environment of processes that start meanwhile is changed,
    and what the user has set in it stays.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> with worker_processes():  # doctest: +SKIP
    ...     GridSearchCV(model, grid, n_jobs=2).fit(X, y)
    """
    added = surroundings.settings(os.environ)
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def heed_threads() -> None:
    """In a worker process, compute with as many threads as joblib allots it.

    joblib says so by OMP_NUM_THREADS, which XLA does not read. Nothing is done in a process that
    no other started, or where XLA's number is set; nothing comes of it where JAX has computed
    already.
    """
    allotted = os.environ.get("OMP_NUM_THREADS", "")
    if multiprocessing.parent_process() is not None and allotted.isdigit():
        os.environ.setdefault(THREADS, allotted)
