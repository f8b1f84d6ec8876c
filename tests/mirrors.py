"""Mirrors on disk, in the layout that bandersnatch writes, of what a fake index serves."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from source_pypi.services.index.documents.page import JSON_PAGE
from tests.fake_index import FakeIndex, World
from tests.fake_index.client import ask

#: The projects of ``fill``.
NAMES = ("flask", "quiet", "ruamel-yaml")
#: Seconds by which the files are older than now: the time of a file that has just been written says nothing.
AGE = 60


def fill(world: World) -> None:
    """Give a world the projects of ``NAMES``."""
    info: dict[str, Any] = {"requires_dist": ["click>=8"], "project_urls": {"Source": "https://example.com"}}
    world.add("Flask", releases=["1.0", "2.0"], classifiers=["Environment :: Console"], **info)
    world.add("ruamel.yaml", releases=["0.17"])
    world.add("quiet", releases=["1.0"])
    world.yank("Flask", "1.0", "broken")
    world.add_advisory("Flask", "2.0", "PYSEC-2024-1")


def write_mirror(fake: FakeIndex, folder: Path, names: Iterable[str], *, hash_index: bool = False) -> Path:
    """Write documents, JSON pages and METADATA of projects, with links to files that are relative; return the folder.

    :param hash_index: whether pages are in a folder for each first letter.
    """
    names = sorted(map(canonicalize_name, names))
    for name in names:
        document = folder / "web" / "json" / name
        _write(document, ask(fake, f"/pypi/{name}/json").body)
        link = folder / "web" / "pypi" / name / "json"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(document, link.parent))
        below = f"{name[0]}/{name}" if hash_index else name
        page = _relative(ask(fake, f"/simple/{name}/", accept=JSON_PAGE).json(), fake)
        _write(folder / "web" / "simple" / below / "index.v1_json", json.dumps(page).encode())
        for file in page["files"]:
            if file.get("core-metadata"):
                path = f"/packages/{file['url'].partition('/packages/')[2]}.metadata"
                _write(folder / "web" / path[1:], ask(fake, path).body)
    projects = [{"name": name} for name in names]
    listing = {"meta": {"_last-serial": 1, "api-version": "1.1"}, "projects": projects}
    _write(folder / "web" / "simple" / "index.v1_json", json.dumps(listing).encode())
    return folder


def _relative(page: dict[str, Any], fake: FakeIndex) -> dict[str, Any]:
    """A page as bandersnatch writes it: URLs of files are relative to the page, and there is no provenance."""
    for file in page["files"]:
        path = file["url"].partition("/packages/")[2]
        file["url"] = f"../../packages/{path}"
        file.pop("provenance", None)
    return page


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    before = path.stat().st_mtime - AGE
    os.utime(path, (before, before))
