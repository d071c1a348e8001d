"""What serves JAX best around it: a cache of compiled programs, small loops, memory that is kept.

Only for processes of Descend's own: the command line, and worker processes of a search that is
told so. The library leaves the program that it is part of as it is, and asks for compilation in
haste program by program.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["SMALL_LOOPS", "in_haste", "keep_memory", "limit_cache", "programs_folder", "settings"]

SMALL_LOOPS = "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=262144"
"""Compiles a training loop over little data a step into one piece of machine code: measured 3 times
faster row by row on small networks, without effect on large ones (docs/decisions/0003)."""

CACHE_SIZE = 512 * 1024**2
"""Bytes of compiled programs that are kept; beyond it the oldest go."""


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add to an environment; whatever the user has set in it stays.

    Examples
    --------
    >>> settings({"XLA_FLAGS": "--xla_backend_extra_options=none"})["XLA_PYTHON_CLIENT_PREALLOCATE"]
    'false'
    """
    wanted = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    folder = programs_folder()
    if folder is not None:
        wanted["JAX_COMPILATION_CACHE_DIR"] = str(folder)
        wanted["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.05"
    found = {name: value for name, value in wanted.items() if name not in environment}
    flags = environment.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        found["XLA_FLAGS"] = f"{flags} {SMALL_LOOPS}".strip()
    return found


def programs_folder() -> Path | None:
    """Return the folder of compiled programs, or None where no private one can be had.

    Its entries are machine code that will be run, so the folder must belong to this user and be
    closed to all others.
    """
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "descend" / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        info = folder.stat()
        if hasattr(os, "getuid") and (info.st_uid != os.getuid() or info.st_mode & 0o022):
            return None
        if not os.access(folder, os.W_OK):
            return None
    except (OSError, RuntimeError):
        return None
    return folder


def keep_memory() -> None:
    """Let the C library keep memory that a step gives back, for the next step to take.

    A convolution takes some megabytes for every product, and gives them back after it. glibc
    returns blocks of such a size to the system, which clears each page again when it is next
    touched: a third of the processor time of a training run on sounds (docs/decisions/0045).
    Blocks of 256 MB and more are returned as ever. Without effect where the C library is another
    one, or where one of the variables ``MALLOC_...`` says what the user wants.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    import ctypes  # takes longer than the rest of this file

    trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # of mallopt(3)
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        for size in (2**25, 2**28):  # older versions refuse the second
            mallopt(mmap_threshold, size)
        mallopt(trim_threshold, 2**30)
        mallopt(arena_max, 1)  # the arenas of other threads cannot hold blocks of such a size


def limit_cache(folder: Path) -> None:
    """Remove the oldest compiled programs beyond `CACHE_SIZE`.

    JAX's own limit needs a further package, and one process killed while it writes an entry makes
    it fail ever after.
    """
    with contextlib.suppress(OSError):
        entries = [(entry.stat(), entry.path) for entry in os.scandir(folder) if entry.is_file()]
        kept = 0
        for info, path in sorted(entries, key=lambda entry: -entry[0].st_mtime):
            kept += info.st_size
            if kept > CACHE_SIZE:
                os.unlink(path)


@cache
def in_haste(level: int = 0) -> dict[str, bool | int]:
    """Return options of the compiler for programs on which its full care would be lost.

    Parameters
    ----------
    level : int
        0 for what runs once: compiling takes a tenth of the time, and running several times as
        long. 1 for what runs once an epoch: half, and about as long. 2 for the steps of networks
        with few weights: six tenths, and as long (docs/decisions/0043).
    """
    from importlib.metadata import version  # takes longer than the rest of this file

    options: dict[str, bool | int] = {}
    if level < 2:
        options["xla_backend_optimization_level"] = level
        options["xla_cpu_parallel_codegen_split_count"] = 1
    if level == 0:
        options["xla_llvm_disable_expensive_passes"] = True
    if tuple(map(int, version("jaxlib").split(".")[:2])) <= (0, 10):  # an unknown one is an error
        options["xla_cpu_use_fusion_emitters"] = False
    return options
