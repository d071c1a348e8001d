"""Files are whole or untouched, whatever fails."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from descend.data import files
from descend.data.files import replacing, write_atomically
from descend.errors import OutputError

posix = pytest.mark.skipif(os.name != "posix", reason="only where there are POSIX files")


def test_writing(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_atomically(path, b"one")
    assert path.read_bytes() == b"one"
    write_atomically(str(path), lambda file: file.write(b"two"))
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.bin"]


@posix
def test_permissions_are_those_of_any_new_file_and_then_kept(tmp_path: Path) -> None:
    path, plain = tmp_path / "a", tmp_path / "b"
    plain.write_bytes(b"")
    write_atomically(path, b"one")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o604)
    write_atomically(path, b"two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


@posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"one")
    link.symlink_to(target)
    write_atomically(link, b"two")
    assert link.is_symlink()
    assert target.read_bytes() == b"two"


class Stop(Exception):
    pass


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt, OSError(28, "No space left")])
def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path, error: Any) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def content(file: BinaryIO) -> None:
        file.write(b"new" * 100_000)
        raise error

    with pytest.raises(OutputError if isinstance(error, OSError) else error):
        write_atomically(path, content)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_fault_in_any_call_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files if call == "open" else files.os, call, fail, raising=False)
        with pytest.raises(OutputError, match=r"^cannot write .*a: No space left on device\."):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_the_new_content_is_invisible_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        assert Path(file.name).parent == tmp_path
    assert path.read_bytes() == b"new"


def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    code = (
        "import os, sys; from descend.data.files import write_atomically; "
        "write_atomically(sys.argv[1], lambda file: (file.write(b'new'), os._exit(9)))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == 9
    assert path.read_bytes() == b"old"


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*: No such file .*Create the folder"):
        write_atomically(tmp_path / "no" / "a", b"")
    with pytest.raises(OutputError, match=r"cannot write .*: Is a directory.* a file in it"):
        write_atomically(tmp_path, b"")
    assert issubclass(OutputError, OSError)


@posix
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(OutputError, match=r"Permission denied.*may write"):
        write_atomically(tmp_path / "a", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk() -> None:
    with pytest.raises(OutputError, match="cannot write /dev/full: No space left"):
        write_atomically("/dev/full", b"x" * 100_000)
    assert not stat.S_ISREG(os.stat("/dev/full").st_mode)


@posix
def test_a_device_is_written_to_not_replaced() -> None:
    write_atomically("/dev/null", b"x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
