"""What the tests of every room share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from descend.surroundings import in_haste

_ROOT = Path(__file__).resolve().parents[1]
_SHARED = _ROOT.parent / "shared" / "data"

# Before JAX is imported: workers, processes that tests start and later runs share programs.
for _name, _value in (
    ("JAX_COMPILATION_CACHE_DIR", str(_ROOT / ".pytest_cache" / "compiled")),
    ("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0"),
    ("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1"),
):
    os.environ.setdefault(_name, _value)


def pytest_configure(config: pytest.Config) -> None:
    """Compile in haste where the slow tests are left out: compiling is most of what takes time.

    With the slow tests, all programs are made as users have them; the tests that start processes
    of their own have them so always.
    """
    if config.option.markexpr == "not slow":
        options = (f"--{name}={value}".lower() for name, value in in_haste().items())
        os.environ["XLA_FLAGS"] = " ".join((os.environ.get("XLA_FLAGS", ""), *options)).strip()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; tests that need it skip where it is absent."""
    if not _SHARED.is_dir():
        pytest.skip("the folder ../shared/data of real data is absent")
    return _SHARED


MOST_MAPS = 20_000
"""Pieces of mapped memory beyond which compiled programs are let go; Linux allows 65,530."""


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Let go of compiled programs when there are too many: thousands of them end in a crash."""
    counted = item.config.stash.setdefault(_TESTS, [0])
    counted[0] += 1
    maps = Path("/proc/self/maps")
    if counted[0] % 25 or "jax" not in sys.modules or not maps.exists():
        return
    with maps.open("rb") as lines:
        if sum(1 for _ in lines) > MOST_MAPS:
            sys.modules["jax"].clear_caches()


_TESTS = pytest.StashKey[list[int]]()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes by their argument: what they hold may change by the second, as a header's time."""
    return argname if isinstance(val, bytes) else None
