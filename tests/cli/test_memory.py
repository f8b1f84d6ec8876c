"""cli/memory.py: how much a command keeps of what it has freed."""

import subprocess
import sys
from pathlib import Path

import pytest

#: Four threads allocate at once; then glibc is asked how many heaps there are.
_THREADS = """
import ctypes, re, sys, threading
from source_pypi.cli.memory import share_one_heap
if sys.argv[1] == "shared":
    share_one_heap()
together, held = threading.Barrier(4), []
def allocate():
    together.wait()
    held.append(bytearray(100_000))
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
[one.start() for one in threads]
[one.join() for one in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
told = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, ctypes.c_void_p(told))
libc.fclose(ctypes.c_void_p(told))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
@pytest.mark.parametrize(("how", "several"), [("shared", False), ("not", True)])
def test_one_heap(tmp_path: Path, how: str, several: bool) -> None:
    """Threads of a command allocate from one heap; otherwise each has its own."""
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", _THREADS, how, str(told)], check=True)
    assert (told.read_text().count("<heap nr=") > 1) is several
