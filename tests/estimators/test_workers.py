"""Worker processes: they share a cache and heed the threads they are allotted."""

from __future__ import annotations

import multiprocessing
import os

import joblib
import pytest

from descend import surroundings
from descend.estimators import worker_processes
from descend.estimators.workers import THREADS, heed_threads


def test_the_environment_is_for_workers_only_and_restored(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XLA_FLAGS", "--mine")
    before = dict(os.environ)
    with worker_processes():
        assert os.environ["JAX_COMPILATION_CACHE_DIR"].startswith(str(tmp_path))
        assert os.environ["XLA_FLAGS"] == f"--mine {surroundings.SMALL_LOOPS}"
    assert dict(os.environ) == before
    assert (tmp_path / "descend" / "compiled").stat().st_mode & 0o077 == 0


def test_what_the_user_has_set_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    with worker_processes():
        assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path)


def test_only_workers_heed_what_they_are_allotted(monkeypatch):
    monkeypatch.delenv(THREADS, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    heed_threads()
    assert THREADS not in os.environ
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: object())
    heed_threads()
    assert os.environ.pop(THREADS) == "1"


def _look() -> tuple[str | None, str | None]:
    import descend.estimators  # noqa: F401

    return os.environ.get(THREADS), os.environ.get("JAX_COMPILATION_CACHE_DIR")


@pytest.mark.slow
def test_real_workers(monkeypatch, tmp_path):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with worker_processes():
        found = joblib.Parallel(n_jobs=2)(joblib.delayed(_look)() for _ in range(2))
    assert all(threads is not None and str(tmp_path) in cache for threads, cache in found)
