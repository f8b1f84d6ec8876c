"""The documents of the index, as the public one writes them: sorted keys, compact, gzip where the client accepts it."""

import base64
import json
import random
import zlib
from hashlib import md5
from xmlrpc.client import dumps

from benchmarks.full_index.projects import Changes, Release, name_of, releases_of

_FILE = (
    '{"comment_text":null,"core-metadata":{"sha256":"%(sha256)s"},"digests":{"blake2b_256":"%(blake)s",'
    '"md5":"%(md5)s","sha256":"%(sha256)s"},"downloads":-1,"filename":"%(filename)s","has_sig":false,'
    '"md5_digest":"%(md5)s","packagetype":"%(kind)s","python_version":"%(python)s","requires_python":">=3.9",'
    '"size":%(size)d,"upload_time":"%(uploaded)s","upload_time_iso_8601":"%(uploaded)s.%(fraction)06dZ",'
    '"url":"%(root)s/packages/%(path)s/%(filename)s","yanked":false,"yanked_reason":null}'
)
_PLATFORMS = ("manylinux_2_17_x86_64.manylinux2014_x86_64", "win_amd64", "macosx_11_0_arm64", "musllinux_1_2_x86_64")
_PYTHONS = ("cp310", "cp311", "cp312", "cp313")
_TAGS = [(python, f"{python}-{python}-{platform}") for python in _PYTHONS for platform in _PLATFORMS]
_SPECIFIERS = (">=1.0", ">=2,<3", "~=1.2", "==1.0.2", ">=0.1", "", "", ">=3")
_CLASSIFIERS = (
    "Development Status :: 4 - Beta",
    "License :: OSI Approved :: MIT License",
    "Operating System :: OS Independent",
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3.11",
    "Topic :: Software Development :: Libraries",
)
_WORDS = "a package for reading data from files and services with a small interface, typed, tested and documented"


def project_document(number: int, changes: Changes, root: str) -> bytes:
    """Return ``/pypi/<name>/json``."""
    name, releases = name_of(number), releases_of(number, changes.added.get(number, 0))
    chance = random.Random(number + 1)
    listed = {release.version: _files(name, release, chance, root) for release in releases}
    latest = releases[-1].version
    parts = {
        "info": json.dumps(_info(number, name, latest, chance, root), sort_keys=True, separators=(",", ":")),
        "last_serial": str(changes.serial_of(number)),
        "ownership": f'{{"organization":null,"roles":[{{"role":"Owner","user":"user{number % 400_000}"}}]}}',
        "releases": "{" + ",".join(f'"{version}":{listed[version]}' for version in sorted(listed)) + "}",
        "urls": listed[latest],
        "vulnerabilities": "[]",
    }
    return ("{" + ",".join(f'"{key}":{value}' for key, value in parts.items()) + "}\n").encode()


def _info(number: int, name: str, version: str, chance: random.Random, root: str) -> dict[str, object]:
    """The metadata of the latest release: 2,000 characters of description (median), 4 dependencies on average."""
    required = [
        f"{name_of(int(chance.random() ** 6 * 100_000))}{chance.choice(_SPECIFIERS)}" for _ in range(number % 9)
    ]
    size = int(chance.lognormvariate(7.6, 1.0))
    return {
        "author": "A. Author",
        "author_email": f"author{number % 400_000}@example.com",
        "classifiers": list(_CLASSIFIERS) if number % 5 else [],
        "description": f"# {name}\n\n" + (_WORDS + f" {number}\n") * (size // len(_WORDS) + 1),
        "description_content_type": "text/markdown",
        "home_page": "",
        "keywords": None,
        "license_expression": "MIT" if number % 3 else None,
        "name": name,
        "project_urls": {"Homepage": f"https://example.com/{name}", "Source": f"https://example.com/{name}/source"},
        "project_url": f"{root}/project/{name}/",
        "provides_extra": ["test"] if number % 4 == 0 else None,
        "requires_dist": [*required, *(['pytest; extra == "test"'] if number % 4 == 0 else [])] or None,
        "requires_python": ">=3.9",
        "summary": _WORDS[: 20 + number % 60],
        "version": version,
        "yanked": False,
        "yanked_reason": None,
    }


def _files(name: str, release: Release, chance: random.Random, root: str) -> str:
    """The files of a release: a source distribution, and wheels."""
    base = f"{name.replace('-', '_')}-{release.version}"
    tags = [("py3", "py3-none-any")] if release.wheels == 1 else _TAGS[: release.wheels]
    files = [_file(f"{base}.tar.gz", "sdist", "source", release, chance, root)] + [
        _file(f"{base}-{tag}.whl", "bdist_wheel", python, release, chance, root) for python, tag in tags
    ]
    return "[" + ",".join(files) + "]"


def _file(filename: str, kind: str, python: str, release: Release, chance: random.Random, root: str) -> str:
    digits = chance.randbytes(80).hex()
    values = {
        "blake": digits[:64],
        "md5": digits[64:96],
        "sha256": digits[96:],
        "path": f"{digits[:2]}/{digits[2:4]}/{digits[4:64]}",
        "filename": filename,
        "kind": kind,
        "python": python,
        "size": 10_000 + int(digits[:4], 16) * 37,
        "uploaded": release.uploaded.strftime("%Y-%m-%dT%H:%M:%S"),
        "fraction": int(digits[4:8], 16),
        "root": root,
    }
    return _FILE % values


def etag_of(number: int, changes: Changes) -> str:
    """Return the ETag of a project document, in the form of the public index's."""
    digest = md5(f"{number} {changes.serial_of(number)}".encode(), usedforsecurity=False).digest()
    return f'"{base64.b64encode(digest).decode().rstrip("=")}"'


def listing(changes: Changes) -> bytes:
    """Return ``/simple/`` as JSON, in the order of the names."""
    named = sorted((name_of(number), number) for number in range(changes.projects))
    projects = ",".join(f'{{"_last-serial":{changes.serial_of(number)},"name":"{name}"}}' for name, number in named)
    meta = f'{{"_last-serial":{changes.last_serial},"api-version":"1.4"}}'
    return f'{{"meta":{meta},"projects":[{projects}]}}\n'.encode()


def changelog(changes: Changes, since: int) -> bytes:
    """Return the XML-RPC answer with the events after a serial."""
    events = [
        (name_of(number), "1.0", 1_790_000_000 + serial % 86_400, "new release", serial)
        for number, serial in changes.events
        if serial > since
    ]
    return dumps((events,), methodresponse=True, allow_none=True).encode()


def packed(body: bytes) -> bytes:
    """Return a body as gzip."""
    packer = zlib.compressobj(1, wbits=31)
    return packer.compress(body) + packer.flush()
