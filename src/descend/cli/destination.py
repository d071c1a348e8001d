"""Where a command writes its file, checked before the work begins."""

from __future__ import annotations

import secrets
from pathlib import Path

from descend.errors import OutputError

__all__ = ["check_writable", "model_name"]


def model_name(file: str) -> Path:
    """Return where the model of a file goes by default: its name in the current folder."""
    if file == "-":
        return Path("model.descend")
    name = Path(file).name
    for ending in (
        ".gz",
        ".csv",
        ".tsv",
        ".txt",
        ".parquet",
        ".arrow",
        ".feather",
        ".jsonl",
        ".arff",
        ".ts",
        ".npz",
        ".npy",
        "-idx3-ubyte",
    ):
        name = name.removesuffix(ending)
    return Path(f"{name}.descend")


def check_writable(path: Path) -> None:
    """Refuse a destination that cannot be written, before an hour of training."""
    folder = path.parent
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            f"{folder} is a file, not a folder, so {path.name} cannot be written there; choose "
            "another place with --out"
        )
    if not folder.is_dir():
        raise OutputError(
            f"the folder {folder} does not exist, so {path.name} cannot be written there. "
            f"Make it first: mkdir -p {folder}"
        )
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name the model file, as {path / 'model.descend'}")
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
            "one with --out"
        ) from None
