"""What the command line sets up around JAX."""

import os
import subprocess
import sys

import pytest

STEPS = """
import ctypes, resource, sys, threading
from descend.surroundings import keep_memory
if sys.argv[1] == "keep":
    keep_memory()
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
def steps():
    for _ in range(20):
        blocks = [libc.malloc(20_000_000) for _ in range(4)]
        for block in blocks:
            ctypes.memset(block, 1, 20_000_000)
        for block in blocks:
            libc.free(block)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
thread = threading.Thread(target=steps)
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.confstr("CS_GNU_LIBC_VERSION") is None,
    reason="glibc only",
)
def test_memory_of_a_step_is_kept_for_the_next():
    usual = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}

    def faults(word: str, **added: str) -> int:
        command = [sys.executable, "-c", STEPS, word]
        done = subprocess.run(
            command, env=usual | added, capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    assert faults("keep") < 1.5 * 80_000_000 / 4096  # once, and not twenty times
    assert faults("leave") > 5 * faults("keep")
    # What the user has set stays.
    assert faults("keep", MALLOC_TRIM_THRESHOLD_="131072") > 5 * faults("keep")
