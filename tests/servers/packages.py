"""Wheels and sdists, built by hand: small, valid, and the same bytes each time."""

import base64
import gzip
import hashlib
import io
import os
import tarfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import canonicalize_name

#: What every release of these packages needs, so that there is something in its metadata.
REQUIRES = "packaging>=20"
_LONG_AGO = (2024, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Upload:
    """A distribution file, and what its upload form says of it."""

    project: str
    version: str
    filename: str
    filetype: str
    pyversion: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The file's SHA-256, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def wheel(project: str, version: str) -> Upload:
    """A pure wheel with one module (PEP 427)."""
    module = canonicalize_name(project).replace("-", "_")
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": b"",
        f"{info}/METADATA": metadata(project, version),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={_digest(content)},{len(content)}" for path, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, _LONG_AGO), content)
    filename = f"{module}-{version}-py3-none-any.whl"
    return Upload(project, version, filename, "bdist_wheel", "py3", packed.getvalue())


def sdist(project: str, version: str) -> Upload:
    """A source distribution with nothing but its metadata (PEP 625)."""
    folder = f"{canonicalize_name(project).replace('-', '_')}-{version}"
    content = metadata(project, version)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(f"{folder}/PKG-INFO")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return Upload(project, version, f"{folder}.tar.gz", "sdist", "source", _gzip(packed.getvalue()))


def metadata(project: str, version: str) -> bytes:
    """Core metadata of a release."""
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {project}",
        f"Version: {version}",
        f"Summary: {project} is small",
        "Classifier: Programming Language :: Python :: 3",
        "Requires-Python: >=3.9",
        f"Requires-Dist: {REQUIRES}",
    ]
    return "\n".join([*lines, ""]).encode()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


#: What is uploaded to each server: a project in wheels and sdists, one in wheels, and enough more of them for a row.
UPLOADS = (
    wheel("Small_Example", "1.0"),
    sdist("Small_Example", "1.0"),
    wheel("Small_Example", "1.1"),
    sdist("Small_Example", "1.1"),
    wheel("tiny.tool", "0.9"),
    wheel("tiny.tool", "2.0"),
    wheel("first.extra", "1.0"),
    wheel("second_extra", "1.0"),
)

#: The projects, by their normalised names.
PROJECTS = tuple(dict.fromkeys(canonicalize_name(upload.project) for upload in UPLOADS))

#: When the files were uploaded, where a server can be told, or lets the time of the file in its folder count.
UPLOADED_AT = datetime(2024, 3, 1, 12, 30, tzinfo=UTC)
#: The version that is yanked, where a server can yank: project, version, reason.
YANKED, YANKED_REASON = ("tiny-tool", "0.9"), "broken on <py3.9>"


def is_yanked(upload: Upload) -> bool:
    """Whether the upload belongs to the version that is yanked."""
    return (canonicalize_name(upload.project), upload.version) == YANKED


def lay_out(folder: Path) -> None:
    """Write the uploads into a folder for each project, named with its normalised name."""
    for upload in UPLOADS:
        path = folder / canonicalize_name(upload.project) / upload.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(upload.content)
        os.utime(path, (UPLOADED_AT.timestamp(), UPLOADED_AT.timestamp()))
