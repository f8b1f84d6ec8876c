"""safety/files.py: what takes the place of a file, and what does not."""

import os
import stat
import threading
from pathlib import Path

import pytest

from source_pypi.safety.files import replacing


def write(path: Path, text: str) -> None:
    """Write a text as commands do."""
    with replacing(path) as made:
        made.write_text(text)


def test_a_file_is_replaced_once_it_is_complete(tmp_path: Path) -> None:
    """The old content stays until the new one is complete, and if an error ends it."""
    path = tmp_path / "a.txt"
    write(path, "old")
    with pytest.raises(TypeError):
        write(path, None)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    write(path, "new")
    assert (path.read_text(), list(tmp_path.iterdir())) == ("new", [path])


def test_mode_and_link_stay(tmp_path: Path) -> None:
    """A private file stays private, and a symbolic link names the same file as before."""
    (tmp_path / "folder").mkdir()
    path, link = tmp_path / "folder" / "a.txt", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    write(link, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode), link.readlink()) == ("new", 0o600, path)


def test_a_link_to_a_file_that_does_not_exist(tmp_path: Path) -> None:
    """A symbolic link without a file gets one."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "a.txt")
    write(link, "new")
    assert ((tmp_path / "a.txt").read_text(), link.is_symlink()) == ("new", True)


def test_pipes_and_devices_are_written_to(tmp_path: Path) -> None:
    """A named pipe and a link to a device stay what they are, and receive the content."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write(pipe, "new")
    reader.join(10)
    assert (read, stat.S_ISFIFO(pipe.stat().st_mode)) == (["new"], True)
    device = tmp_path / "null"
    device.symlink_to(os.devnull)
    write(device, "new")
    assert (device.is_symlink(), stat.S_ISCHR(Path(os.devnull).stat().st_mode)) == (True, True)


def test_folders_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that does not exist is an OSError."""
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "none" / "a.txt", "new")
