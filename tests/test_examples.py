"""The scripts in examples/ run and end well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


SCRIPTS = [
    # The shortest is for every run, the others for `make test-all`.
    pytest.param(path, id=path.name, marks=[] if path.name == "xor.py" else [pytest.mark.slow])
    for path in sorted(EXAMPLES.glob("*.py"))
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_runs(script: Path) -> None:
    """They are compiled with care, as users have them, whatever the fast tests ask for."""
    kept = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=300, env=kept
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
