"""Where a command writes its file, checked before the work begins."""

from __future__ import annotations

import secrets
from pathlib import Path

from descend.errors import OutputError, UsageError

__all__ = ["check_apart", "check_picture", "check_writable", "model_name"]


def model_name(file: str) -> Path:
    """Return where the model of a file goes by default: its name in the current folder."""
    if file == "-":
        return Path("model.descend")
    path = Path(file)
    if path.name in ("", ".."):  # the current folder, as ".", or one around it
        path = path.resolve()
    name = path.name or "model"
    for ending in (
        ".gz",
        ".csv",
        ".tsv",
        ".txt",
        ".parquet",
        ".arrow",
        ".feather",
        ".ipc",
        ".jsonl",
        ".ndjson",
        ".arff",
        ".ts",
        ".npz",
        ".npy",
        "-idx3-ubyte",
    ):
        if name.lower().endswith(ending) and name != ending:
            name = name[: -len(ending)]
    return Path(f"{name}.descend")


def check_picture(path: str | None) -> Path | None:
    """Return where ``--picture`` goes; refuse what is not an SVG file's name, or not writable."""
    if path is None:
        return None
    if not path.endswith(".svg"):
        named = Path(path).with_suffix(".svg") if Path(path).name else "picture.svg"
        raise UsageError(f"a picture is an SVG file, so name it so: {named}")
    check_writable(Path(path), "--picture")
    return Path(path)


def check_apart(path: Path, *read: str | float | None) -> None:
    """Refuse a destination that is a file which is read, and would be lost."""
    for name in read:
        if not isinstance(name, str) or name == "-" or not path.is_file():
            continue
        there = Path(name).expanduser()
        if there.is_file() and path.samefile(there):
            raise UsageError(
                f"{path} is read here, and what is written would replace it: choose another name "
                "with --out"
            )


def check_writable(path: Path, option: str = "--out") -> None:
    """Refuse a destination that cannot be written, before an hour of training."""
    folder = path.parent
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            f"{folder} is a file, not a folder, so {path.name} cannot be written there; choose "
            f"another place with {option}"
        )
    if not folder.is_dir():
        raise OutputError(
            f"the folder {folder} does not exist, so {path.name} cannot be written there. "
            f"Make it first: mkdir -p {folder}"
        )
    if path.is_dir():
        example = path / ("picture.svg" if path.suffix == ".svg" else "model.descend")
        raise OutputError(f"{path} is a folder; name a file, as {example}")
    if path.exists() and not path.is_file():
        return  # a device, or a pipe: there is no trying it without writing
    # os.access allows the superuser everything, even where no file can be made: so make one.
    trial = folder / f".{path.name}.{secrets.token_hex(4)}.part"
    try:
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror} in the folder {folder}; choose another "
            f"one with {option}"
        ) from None
