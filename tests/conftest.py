"""What the tests of every room share."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; tests that need it skip where it is absent."""
    if not _SHARED.is_dir():
        pytest.skip("the folder ../shared/data of real data is absent")
    return _SHARED
