"""Documents that are JSON, and not what they should be: keys that are missing, of a wrong type, or the client's own."""

import dataclasses
import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.oracle.simulator.answers import as_json
from tests.oracle.simulator.faults import FaultKind, Scene
from tests.oracle.simulator.wire import Wire, plain

Doctor = Callable[[Random, dict[str, Any]], None]
OWN_COLUMNS = ("seen_at", "_ab_cdc_deleted_at", "_dlt_id", "project", "version")
_WRONG: tuple[Any, ...] = (None, 5, "text", [], {}, [1, None], True, {"a": [None]}, 1.5, [["x"]], 10**30)


def _json(doctor: Doctor) -> Callable[[Scene], Wire]:
    """A wire of the sound document after the doctor's visit; what is no JSON object is left alone."""

    def doctored(scene: Scene) -> Wire:
        try:
            document = scene.full.document()
        except json.JSONDecodeError:
            return Wire([plain(scene.answer)])
        if isinstance(document, dict) and document:
            doctor(scene.random, document)
        kept = tuple(one for one in scene.full.headers if one[0] not in {"Content-Encoding", "ETag"})
        return Wire([plain(dataclasses.replace(scene.full, body=as_json(document), headers=kept))])

    return doctored


def _own(column: str) -> Doctor:
    def add(random: Random, document: dict[str, Any]) -> None:
        document[column] = random.choice(("2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "other", 5))

    return add


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every container in the document, with a key of it."""
    if isinstance(document, dict):
        found = [(document, key) for key in document]
        return found + [place for value in document.values() for place in _places(value)]
    if isinstance(document, list):
        return [(document, number) for number in range(len(document))] + [
            place for value in document for place in _places(value)
        ]
    return []


def _wrong_type(random: Random, document: dict[str, Any]) -> None:
    for _ in range(random.randint(1, 4)):
        places = _places(document)
        if places:
            container, key = random.choice(places)
            container[key] = random.choice(_WRONG)


def _shallow(random: Random, document: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """One of the keys that rows are made from, near the top of a document."""
    info = document.get("info")
    containers = [document] + ([info] if isinstance(info, dict) else [])
    container = random.choice(containers)
    return container, random.choice(sorted(set(container) - {"name", "version"}))


def _missing_key(random: Random, document: dict[str, Any]) -> None:
    container, key = _shallow(random, document)
    del container[key]


def _null_key(random: Random, document: dict[str, Any]) -> None:
    container, key = _shallow(random, document)
    container[key] = None


def _missing(key: str) -> Doctor:
    def remove(_: Random, document: dict[str, Any]) -> None:
        document.pop(key, None)

    return remove


def _null(key: str) -> Doctor:
    def empty(_: Random, document: dict[str, Any]) -> None:
        document.update({key: None} if key in document else {})

    return empty


def _other_type(key: str) -> Doctor:
    """The key with a value of another type: an object where a list should be, or the other way round."""

    def replace(random: Random, document: dict[str, Any]) -> None:
        if key in document:
            document[key] = random.choice(({} if isinstance(document[key], list) else [], "text", 5))

    return replace


def _first_version(value: Any) -> Doctor:
    """Another value instead of the files of one version."""

    def replace(_: Random, document: dict[str, Any]) -> None:
        for version in sorted(document.get("releases", {}))[:1]:
            document["releases"][version] = value

    return replace


def _inner(part: str, key: str, *, null: bool) -> Doctor:
    """A key within a part of the document that is missing, or null."""

    def spoil(_: Random, document: dict[str, Any]) -> None:
        if key in document.get(part, {}):
            document[part].pop(key)
            document[part].update({key: None} if null else {})

    return spoil


def _null_items(part: str) -> Doctor:
    """Null instead of each item of a list."""

    def spoil(_: Random, document: dict[str, Any]) -> None:
        if isinstance(document.get(part), list):
            document[part] = [None] * len(document[part])

    return spoil


def _null_users(_: Random, document: dict[str, Any]) -> None:
    for role in document.get("ownership", {}).get("roles", []):
        role["user"] = None


def _no_provenance(_: Random, document: dict[str, Any]) -> None:
    """A page whose files have no key `provenance`."""
    for file in document.get("files", []):
        file.pop("provenance", None)


def _short_list(_: Random, document: dict[str, Any]) -> None:
    """A list of projects without most of them."""
    if "projects" in document:
        document["projects"] = document["projects"][:1]


def _high_serial(_: Random, document: dict[str, Any]) -> None:
    document.update({"last_serial": 10**12} if "last_serial" in document else {})


PARTS = ("releases", "vulnerabilities", "ownership")
DOCTORED: dict[str, FaultKind] = {
    **{f"own-{column}": FaultKind(_json(_own(column)), "valid") for column in OWN_COLUMNS},
    "wrong-type": FaultKind(_json(_wrong_type), "doctored"),
    "missing-key": FaultKind(_json(_missing_key), "doctored"),
    "null-key": FaultKind(_json(_null_key), "doctored"),
    "version-null": FaultKind(_json(_first_version(None)), "unknown"),
    "version-type": FaultKind(_json(_first_version({})), "unknown"),
    "roles-null": FaultKind(_json(_inner("ownership", "roles", null=True)), "unknown"),
    "roles-missing": FaultKind(_json(_inner("ownership", "roles", null=False)), "unknown"),
    "classifiers-null": FaultKind(_json(_inner("info", "classifiers", null=True)), "unknown"),
    "latest-null": FaultKind(_json(_inner("info", "version", null=True)), "unknown"),
    "advisories-null": FaultKind(_json(_null_items("vulnerabilities")), "unknown"),
    "users-null": FaultKind(_json(_null_users), "unknown"),
    "provenance-missing": FaultKind(_json(_no_provenance), "unknown"),
    "list-short": FaultKind(_json(_short_list), "doctored"),
    "serial-high": FaultKind(_json(_high_serial), "doctored"),
    **{f"{part}-missing": FaultKind(_json(_missing(part)), "unknown") for part in PARTS},
    **{f"{part}-null": FaultKind(_json(_null(part)), "unknown") for part in PARTS},
    **{f"{part}-type": FaultKind(_json(_other_type(part)), "unknown") for part in PARTS},
}
"""The faults of documents by name."""
