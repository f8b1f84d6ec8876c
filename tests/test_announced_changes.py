"""Changes of the index that are announced (beyond-index.md 8): whole rows of documents with them, over the wire."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import to_builtins

from source_pypi.standards.versions import sort_key
from source_pypi.streams import STREAMS
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.fake_index.documents import View, page_html
from tests.fake_index.model import digests_of
from tests.sync.helpers import Connect, read, streams

REQUIRED = [
    "bar>=1",
    "gpu[fast]==2.0; variant_label == \"cu12\" and extra == 'Old_X'",
    "sped; sys_abi_features != 'gil' or 'nvidia' in variant_namespaces",
]
HEADERS = """\
Metadata-Version: 2.6
Name: foo
Version: 2.0
Dynamic: Requires-Dist
Dynamic: Import-Name
Import-Name: foo
Import-Name: foo._core ; private
Import-Namespace: acme
"""
METADATA = f"{HEADERS}{''.join(f'Requires-Dist: {text}' + chr(10) for text in REQUIRED)}".encode()
NAMELESS = b"Metadata-Version: 2.5\nName: foo\nVersion: 1.0\nImport-Name:\n"
VARIANT = "foo-1.0-1-cp315-abi3.abi3t-manylinux_2_28_x86_64-x86_64_v3.whl"
NULL = "foo-1.0-cp315-cp315t-win_amd64-null.whl"
WASM = "foo-1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl"
SDIST, DESCRIPTION = "foo-1.0.tar.gz", "foo-1.0-variants.json"
WHEN = datetime(2026, 11, 1, tzinfo=UTC)
DIGESTS = {"blake2b_256": "c" * 64, "md5": "a" * 32, "sha256": "b" * 64}
#: The tags and the label in each name; the types of the other two.
NAMES: dict[str, dict[str, Any]] = {
    VARIANT: {
        "python_version": "cp315",
        "build_tag": "1",
        "python_tags": ["cp315"],
        "abi_tags": ["abi3", "abi3t"],
        "platform_tags": ["manylinux_2_28_x86_64"],
        "variant_label": "x86_64_v3",
    },
    NULL: {
        "python_version": "cp315",
        "python_tags": ["cp315"],
        "abi_tags": ["cp315t"],
        "platform_tags": ["win_amd64"],
        "variant_label": "null",
    },
    WASM: {
        "python_version": "cp314",
        "python_tags": ["cp314"],
        "abi_tags": ["cp314"],
        "platform_tags": ["pyemscripten_2026_0_wasm32"],
    },
    SDIST: {"packagetype": "sdist", "python_version": "source"},
    DESCRIPTION: {"packagetype": "variants"},
}


@pytest.fixture
def announced(world: World, serve: Callable[..., FakeIndex]) -> FakeIndex:
    """An index of the version 1.5, with a project that has all of it."""
    given: dict[str, Any] = {"size": 7, "uploaded_at": WHEN, "digests": DIGESTS}
    for name in (VARIANT, NULL, WASM):
        world.upload("foo", "1.0", filename=name, metadata=NAMELESS, **given)
    for name in (SDIST, DESCRIPTION):
        world.upload("foo", "1.0", filename=name, **given)
    world.release("foo", "2.0", {"requires_dist": REQUIRED, "dynamic": ["Requires-Dist", "Import-Name"]})
    digest = digests_of(METADATA)["sha256"]
    world.upload("foo", "2.0", filename="foo-2.0.tar.gz", metadata=METADATA, core_metadata=digest, **given)
    world.set_namespaces("foo", [("acme", True), ("acme-cloud", False)])
    return serve(api_version="1.5")


def rows_of(announced: FakeIndex, connect: Connect, *names: str, **settings: Any) -> dict[str, list[dict[str, Any]]]:
    """The rows of a project in each of these streams."""
    (batch,) = read(connect(announced), ["foo"], streams(*names), **settings)
    assert (batch.failures, batch.warnings) == ({}, ())
    return {name: list(map(to_builtins, rows)) for name, rows in rows_in(batch).items()}


def row_of(stream: str, **values: Any) -> dict[str, Any]:
    """A row of the project foo with these values, and null in all other columns."""
    (record,) = (one.record for one in STREAMS if one.name == stream)
    return dict.fromkeys(record.__struct_fields__) | {"project": "foo"} | values


def file_row(announced: FakeIndex, name: str, **values: Any) -> dict[str, Any]:
    """The row of a file of release 1.0."""
    is_wheel = name.endswith(".whl")
    digest = digests_of(NAMELESS)["sha256"] if is_wheel else None
    plain = {
        "version": "1.0",
        "filename": name,
        "packagetype": "bdist_wheel",
        "size": 7,
        "url": f"{announced.url}/packages/cc/cc/{'c' * 60}/{name}",
        "sha256": DIGESTS["sha256"],
        "has_core_metadata": is_wheel,
        "core_metadata_sha256": digest,
        "uploaded_at": "2026-11-01T00:00:00Z",
        "yanked": False,
    }
    return row_of("files", **plain | NAMES[name] | values)


def test_namespaces(announced: FakeIndex, connect: Connect) -> None:
    """From version 1.5 on a page has the namespaces of the project's name, and those that its owner has."""
    status = {
        "status": "active",
        "has_status": True,
        "has_document": True,
        "has_page": True,
        "file_count": 6,
        "agree": True,
        "serial": announced.world.projects["foo"].last_serial,
    }
    expected = row_of("statuses", **status, namespaces=["acme", "acme-cloud"], owned_namespaces=["acme"])
    assert rows_of(announced, connect, "statuses") == {"statuses": [expected]}
    announced.new_run()
    announced.world.set_namespaces("foo", [])
    expected |= {"namespaces": [], "owned_namespaces": []}
    assert rows_of(announced, connect, "statuses") == {"statuses": [expected]}


def test_files_of_documents(announced: FakeIndex, connect: Connect) -> None:
    """Variants, stable ABIs without the GIL and Emscripten have their tags; the file of variants has a row."""
    rows = [row for row in rows_of(announced, connect, "files")["files"] if row["version"] == "1.0"]
    more = {
        "md5": DIGESTS["md5"],
        "blake2b_256": DIGESTS["blake2b_256"],
        "comment_text": None,
        "has_sig": False,
        "source": "document",
    }
    description = more | {"python_version": "any"}
    expected = [file_row(announced, name, **(description if name == DESCRIPTION else more)) for name in NAMES]
    assert sorted(rows, key=lambda row: row["filename"]) == sorted(expected, key=lambda row: row["filename"])


@pytest.mark.parametrize("form", ["json", "html"])
def test_files_of_pages(announced: FakeIndex, connect: Connect, form: str) -> None:
    """An index that has pages only gives the same rows, but for what only documents have."""
    announced.world.override("/pypi/foo/json", b"{}", status=404)
    unknown: dict[str, Any] = {}
    if form == "html":
        page = page_html(announced.world.projects["foo"], View(announced.url))
        announced.world.override("/simple/foo/", page, "text/html")
        unknown = {"size": None, "uploaded_at": None}
    rows = [row for row in rows_of(announced, connect, "files")["files"] if row["version"] == "1.0"]
    expected = [file_row(announced, name, source="page", **unknown) for name in NAMES]
    if form == "html":  # it does not say that a file has no METADATA
        expected = [row | {"has_core_metadata": row["has_core_metadata"] or None} for row in expected]
    keys = {"first_seen_at"} if form == "html" else set[str]()
    assert [{key: row[key] for key in row.keys() - keys} for row in sorted(rows, key=lambda row: row["filename"])] == [
        {key: row[key] for key in row.keys() - keys} for row in sorted(expected, key=lambda row: row["filename"])
    ]


def test_core_metadata(announced: FakeIndex, connect: Connect) -> None:
    """Import names and namespaces have columns; a field that is dynamic keeps the values that it has."""
    nameless = row_of(
        "core_metadata",
        version="1.0",
        filename=VARIANT,
        metadata_version="2.5",
        declared_name="foo",
        declared_version="1.0",
        import_names=[],
    )
    partial = row_of(
        "core_metadata",
        version="2.0",
        filename="foo-2.0.tar.gz",
        metadata_version="2.6",
        declared_name="foo",
        declared_version="2.0",
        dynamic=["Requires-Dist", "Import-Name"],
        import_names=["foo", "foo._core ; private"],
        import_namespaces=["acme"],
        requires_dist=REQUIRED,
    )
    rows = rows_of(announced, connect, "core_metadata", releases="all")["core_metadata"]
    assert sorted(rows, key=lambda row: row["version"]) == [nameless, partial]


def test_unknown_variables_of_markers(announced: FakeIndex, connect: Connect) -> None:
    """A requirement whose marker has unknown variables is valid: it keeps its versions, extras and marker."""
    fast = {"name": "gpu", "extras": ["fast"], "specifier": "==2.0", "pin": "2.0", "pin_sort_key": sort_key("2.0")}
    parsed: list[dict[str, Any]] = [
        {"name": "bar", "specifier": ">=1"},
        {**fast, "marker": 'variant_label == "cu12" and extra == "old-x"', "extra": "old-x"},
        {"name": "sped", "marker": 'sys_abi_features != "gil" or "nvidia" in variant_namespaces'},
    ]
    assert rows_of(announced, connect, "dependencies") == {
        "dependencies": [
            row_of("dependencies", version="2.0", position=position, requirement=text, source="index", **values)
            for position, (text, values) in enumerate(zip(REQUIRED, parsed, strict=True))
        ]
    }
