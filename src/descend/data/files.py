"""Files that are written whole or not at all.

The content goes to a temporary file in the same folder, is flushed to the disk, and takes the place
of the old file in one step; then the folder is flushed, so that the new name too survives a power
cut. Whatever goes wrong, the old file stands as it was and the temporary one is removed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from descend.errors import OutputError

__all__ = ["remove_unfinished", "replacing", "write_atomically"]

_UNFINISHED: set[Path] = set()
"""The temporary files of this process."""


def write_atomically(
    path: str | os.PathLike[str], content: bytes | Callable[[BinaryIO], object]
) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : path
        A symbolic link is followed, and the file it points to replaced. The permissions of an
        existing file are kept. A device or pipe, such as ``/dev/stdout``, is written to directly.
    content : bytes or callable
        What to write, or a function that writes it to the binary file it is given.

    Raises
    ------
    OutputError
        Where the file cannot be written: no such folder, no permission, disk full. Other errors
        of `content` pass through.
    BrokenPipeError
        Where `path` is a pipe that its reader has closed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(folder + "/a.txt", b"one")
    ...     Path(folder, "a.txt").read_bytes()
    b'one'
    """
    with replacing(path) as file:
        if callable(content):
            content(file)
        else:
            file.write(content)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends without an error.

    The ``name`` of the file is where its content is until then. See `write_atomically`.
    """
    with _reported(path):
        target = Path(os.path.realpath(Path(path).expanduser()))
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            # open() refuses a folder; a device must be written to, never replaced.
            with open(target, "wb") as file:
                yield file
            return
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        # Not mkstemp, whose files nobody else may read: the user's own mask decides.
        file = open(temporary, "xb")  # noqa: SIM115
        _UNFINISHED.add(temporary)
        try:
            with file:
                if mode is not None:
                    with contextlib.suppress(OSError):  # some file systems have no permissions
                        os.chmod(temporary, stat.S_IMODE(mode))
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:  # also an interrupt must not leave half a file behind
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        finally:
            _UNFINISHED.discard(temporary)
        _flush_folder(target.parent)


def remove_unfinished() -> None:
    """Remove the temporary files of this process, which is about to end in the midst of writing."""
    for temporary in tuple(_UNFINISHED):
        with contextlib.suppress(OSError):
            os.unlink(temporary)


@contextlib.contextmanager
def _reported(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn errors of the system into `OutputError`; a closed pipe stays what it is."""
    try:
        yield
    except (OutputError, BrokenPipeError):
        raise
    except OSError as error:
        raise OutputError(
            f"cannot write {os.fspath(path)}: {error.strerror or error}. {_mend(error, path)}"
        ) from error


def _mend(error: OSError, path: str | os.PathLike[str]) -> str:
    """Say what to do about an error of the system."""
    folder = Path(path).expanduser().parent
    if isinstance(error, FileNotFoundError):
        return f"Create the folder {folder} first."
    if isinstance(error, IsADirectoryError):
        return "Give the name of a file in it."
    if isinstance(error, PermissionError):
        return "Choose a folder in which you may write."
    return "Nothing was changed; free some space or choose another place."


def _flush_folder(folder: Path) -> None:
    """Flush a folder, where the system can (Windows cannot open one)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
