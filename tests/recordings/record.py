"""Record the documents of unusual projects: ``python -m tests.recordings.record FOLDER``.

FOLDER, outside of the repository, stores the whole documents; those that it has are not requested again. A recording
is a part of a document: the unusual versions and the beginning of the description, without URLs of the index or of its
file host, without email addresses and without user names.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from source_pypi.config import make_config
from source_pypi.services.index.api import Index, open_index

#: Projects by their normalised names, each with the versions to record besides the latest. At most 14, sorted.
PROJECTS: dict[str, tuple[str, ...]] = {
    "0-0": (),
    "cx-oracle": ("3.1", "5.0", "5.1.3", "5.2.1", "6.0", "8.0.0"),
    "feedparser": ("4.1", "5.0", "6.0.0", "6.0.1"),
    "mysql-python": ("0.9.2", "1.2.1", "1.2.1_p2", "1.2.1c4", "1.2.2", "1.2.4", "1.2.4b3"),
    "opentelemetry-semantic-conventions": ("0.20b0",),
    "pylint": ("0.4.1", "0.10.0", "0.15.2", "2.0.0.dev1", "2.0.0"),
    "pytz": ("2004a", "2004b", "2004d", "2005e", "2005k", "2006g", "2008i", "2013b", "2013.6", "2014.10"),
    "pywin32": ("210", "214", "222"),
    "setuptools": ("0.6b1", "0.6c10", "0.9.8", "13.0", "51.1.0.post20201221", "59.1.0"),
    "terminado": ("0.1", "0.10.0", "0.13.0"),
    "twisted": ("1.0.1", "8.0.0", "10.0.0", "10.1.0", "11.0.0", "12.0.0", "13.0.0"),
    "wsgiref": ("0.1", "0.1.1"),
    "zope-interface": ("3.0.0b1", "3.3.0", "5.5.0.dev0", "6.1a1", "6.4", "6.4.post0"),
}
#: Recorded files of each kind of a version, and recorded characters of a description.
FILES_A_KIND, CHARACTERS = 3, 200
PERSON = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
#: The index by any of the names that it has had.
INDEX = re.compile(r"(?:https?://)?(?:[\w-]+\.)*(?:pypi|cheeseshop)\.(?:[\w-]+\.)*[a-z]{2,}\b")


def main(folder: Path) -> None:
    """Request the documents that the folder lacks, one per second, and write the recordings beside this file."""
    index = open_index(make_config({"requests_per_second": 1}))
    folder.mkdir(parents=True, exist_ok=True)
    wholes = {name: stored(index, name, folder / f"{name}.json") for name in PROJECTS}
    file_hosts = re.compile("|".join({_host_pattern(file) for whole in wholes.values() for file in _files(whole)}))
    for name, whole in wholes.items():
        recording = cleaned(trimmed(whole, PROJECTS[name]), file_hosts)
        text = json.dumps(recording, indent=1, ensure_ascii=False)
        Path(__file__).with_name(f"{name}.json").write_text(f"{text}\n", "utf-8")


def stored(index: Index, name: str, path: Path) -> dict[str, Any]:
    """The whole document, from the folder, or from the index if the folder lacks it."""
    if not path.exists():
        path.write_bytes(index.client.get(index.locations.project_url(name)).body)
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def trimmed(document: dict[str, Any], versions: tuple[str, ...]) -> dict[str, Any]:
    """The part of a document that is recorded, in its order."""
    info, releases = document["info"], document["releases"]
    chosen = {*versions, info["version"]}
    missing = chosen - set(releases)
    assert not missing, f"{info['name']} has no {missing}"
    roles = [role | {"user": f"user-{n}"} for n, role in enumerate(document["ownership"]["roles"], start=1)]
    return document | {
        "info": info | {"description": (info["description"] or "")[:CHARACTERS]},
        "releases": {version: _few(files) for version, files in releases.items() if version in chosen},
        "urls": _few(document["urls"]),
        "ownership": document["ownership"] | {"roles": roles},
    }


def cleaned(value: Any, file_hosts: re.Pattern[str]) -> Any:
    """The value without URLs of the index and of its file host, and without email addresses."""
    if isinstance(value, dict):
        return {cleaned(key, file_hosts): cleaned(inner, file_hosts) for key, inner in value.items()}
    if isinstance(value, list):
        return [cleaned(item, file_hosts) for item in value]
    if isinstance(value, str):
        return INDEX.sub("{index}", PERSON.sub("person@example.com", file_hosts.sub("{files}", value)))
    return value


def _few(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first files of each kind."""
    recorded: Counter[str] = Counter()
    few = []
    for file in files:
        recorded[file["packagetype"]] += 1
        if recorded[file["packagetype"]] <= FILES_A_KIND:
            few.append(file)
    return few


def _files(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The files with an absolute URL; some mirrors write relative ones."""
    return [file for files in document["releases"].values() for file in files if "://" in file["url"]]


def _host_pattern(file: dict[str, Any]) -> str:
    """A pattern that matches a file's host and other hosts of its domain."""
    domain = ".".join((urlsplit(file["url"]).hostname or "").split(".")[-2:])
    return rf"(?:https?://)?(?:[\w-]+\.)*{re.escape(domain)}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
