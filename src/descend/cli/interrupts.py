"""Ctrl-C from the first import on: the process ends at once, with 130 and without half a file."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType

__all__ = ["quit_on_interrupt"]


def quit_on_interrupt() -> None:
    """Let Ctrl-C end this process, unless it was started to ignore it, as by nohup.

    Python's own answer, an exception, is lost where it meets an import from C: the command then
    goes on as if nothing had been asked.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _quit)


def _quit(number: int, frame: FrameType | None) -> None:
    files = sys.modules.get("descend.data.files")  # if not imported, nothing was written
    with contextlib.suppress(Exception):
        if files is not None:
            files.remove_unfinished()
        os.write(2, b"descend: stopped\n")
        sys.stdout.flush()
    os._exit(130)
