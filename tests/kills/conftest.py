"""File systems with little space."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

SmallDisk = Callable[..., Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Return a function that mounts a disk of a size in bytes, or resizes it; skip the test if not permitted."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small disk can only be mounted by root")
    with ExitStack() as stack:
        mounted: dict[Path, None] = {}

        def make(size: int, name: str = "disk") -> Path:
            folder = tmp_path / name
            if folder in mounted:
                subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)
                return folder
            folder.mkdir()
            stack.enter_context(_mounted(folder, size))
            mounted[folder] = None
            return folder

        yield make


@contextmanager
def _mounted(folder: Path, size: int) -> Iterator[None]:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
