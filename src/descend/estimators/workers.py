"""Worker processes that share what they compile, and the cores.

joblib starts workers as processes of their own, so that each compiles every program anew, and each
would use every core. Both are settled by environment variables that a process reads when it first
computes; the process that starts the workers, and its JAX, are left as they are.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from descend.errors import UsageError

__all__ = ["heed_threads", "worker_processes"]

THREADS = "PJRT_NPROC"
"""What XLA's client for CPUs takes for the number of cores."""


@contextmanager
def worker_processes(cache: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """Let worker processes that start within this context share a cache of compiled programs.

    Without it, every worker compiles for itself; with it, a program is compiled once, by whoever
    needs it first, and that serves later processes too. Only the environment of processes
    that start meanwhile is changed.

    Parameters
    ----------
    cache : path, optional
        A folder, made where it is missing, that only its owner can read: whoever writes into
        it decides what runs. By default ``descend/programs`` in the user's cache folder.

    Yields
    ------
    cache : Path

    Raises
    ------
    UsageError
        If the folder belongs to someone else, or others may write into it.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> with worker_processes() as cache:  # doctest: +SKIP
    ...     GridSearchCV(model, grid, n_jobs=2).fit(X, y)
    """
    folder = Path(cache) if cache is not None else _user_cache() / "descend" / "programs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.stat()
    if hasattr(os, "getuid") and (facts.st_uid != os.getuid() or facts.st_mode & 0o022):
        raise UsageError(
            f"{folder} holds programs that will be run, but others can write into it: choose a "
            "folder of your own with mode 0700"
        )
    settings = {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield folder
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def heed_threads() -> None:
    """In a worker process, compute with as many threads as joblib allots it.

    joblib says so by OMP_NUM_THREADS, which XLA does not read. Nothing is done in a process that
    no other started, where JAX has been imported already, or where the number is set.
    """
    allotted = os.environ.get("OMP_NUM_THREADS", "")
    a_worker = multiprocessing.parent_process() is not None
    if a_worker and "jax" not in sys.modules and allotted.isdigit():
        os.environ.setdefault(THREADS, allotted)


def _user_cache() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
