"""Small tables and what the views say of them: the same in every database."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from source_pypi.standards.versions import sort_key

Rows = list[dict[str, Any]]
NOW = datetime.now(UTC).replace(microsecond=0)
#: A moment in the past.
THEN = datetime(2024, 1, 31, 12, 0, 0, 500_000, UTC)


class Case(NamedTuple):
    """Tables, and the rows of a view over them, in any order.

    :ivar tables: rows by table; columns that a row does not have are null.
    """

    view: str
    tables: dict[str, Rows]
    expected: list[tuple[Any, ...]]


def days_since_now() -> float:
    """Days since ``NOW``, by which a number of days until the present has grown."""
    return (datetime.now(UTC) - NOW) / days(1)


def days(number: float) -> timedelta:
    """A number of days."""
    return timedelta(days=number)


def pin(position: int, project: str, version: str | None, specifier: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of ``pins``."""
    key = None if version is None else sort_key(version)
    row = {"position": position, "project": project, "version": version, "sort_key": key, "specifier": specifier}
    return {**row, "file": "requirements.txt", "line": position + 1, **more}


def clause(
    position: int,
    lower: str | None,
    upper: str | None,
    *,
    excluded: bool | None = False,
    number: int = 0,
    operator: str | None = None,
) -> dict[str, Any]:
    """A row of ``pin_clauses``: from one version up to another that is not included."""
    bounds = {"lower_sort_key": lower and sort_key(lower), "upper_sort_key": upper and sort_key(upper)}
    return {"position": position, "clause": number, "operator": operator, "excluded": excluded, **bounds}


def release(project: str, version: str, uploaded_at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """A row of ``versions``: a final release with two files."""
    row = {"project": project, "version": version, "sort_key": sort_key(version), "first_upload_at": uploaded_at}
    facts = {"valid_pep440": True, "is_prerelease": False, "file_count": 2, "is_latest": False, "yanked": False}
    return {**row, **facts, **more}


def wheel(project: str, version: str, tags: str) -> dict[str, Any]:
    """A row of ``files``, with these tags."""
    python, abi, platform = (part.split(".") for part in tags.split("-"))
    row = {"project": project, "version": version, "filename": f"{project}-{version}-{tags}.whl"}
    return {**row, "python_tags": python, "abi_tags": abi, "platform_tags": platform}


def attestation(
    version: str, filename: str, repository: str | None = "org/a", workflow: str | None = "release.yml", **more: Any
) -> dict[str, Any]:
    """A row of ``attestations`` of the project a."""
    publisher = {"publisher_kind": "GitHub", "publisher_repository": repository, "publisher_workflow": workflow}
    return {"project": "a", "version": version, "filename": filename, "bundle": 0, "position": 0, **publisher, **more}


def advisory(version: str, id_: str, fixed_in: list[str] | None, **more: Any) -> dict[str, Any]:
    """A row of ``vulnerabilities`` of the project a."""
    keys = None if fixed_in is None else [sort_key(fix) for fix in fixed_in]
    row = {"project": "a", "version": version, "id": id_, "aliases": [f"CVE-{id_}"], "summary": "bad", "source": "osv"}
    return {**row, "link": f"https://example.com/{id_}", "fixed_in": fixed_in, "fixed_in_sort_keys": keys, **more}


def vulnerable(line: int, version: str, specifier: str | None, id_: str, *fix: Any) -> tuple[Any, ...]:
    """A row of ``vulnerable_pins``: with the fixes, the smallest one and whether it is admitted."""
    head = ("a", version, specifier, "requirements.txt", line, id_, [f"CVE-{id_}"], "bad", f"https://example.com/{id_}")
    return (*head, *fix, "osv")


_AT = ("requirements.txt",)
VULNERABLE = Case(
    "vulnerable_pins",
    {
        "pins": [
            pin(0, "a", "1.0", "==1.0"),
            pin(1, "a", "1.5", "<2"),
            pin(2, "a", "1.5"),
            pin(3, "a", None, "==7"),
            pin(4, "b", "1.0"),
            pin(5, "a", "1.0", "bad"),
        ],
        "pin_clauses": [
            clause(0, "1.0", "1.0.post0"),
            clause(1, None, "2.dev0"),
            clause(5, None, None, excluded=None),
        ],
        "vulnerabilities": [
            advisory("1.0", "A", ["0.9.1", "1.10", "1.2"]),
            advisory("1.0", "gone", ["1.2"], withdrawn_at=THEN),
            advisory("1.5", "B", ["1.2", "2.1"]),
            advisory("1.5", "C", ["1.5.1"]),
            advisory("1.5", "D", ["1.5", "1.2"]),
            advisory("1.5", "E", []),
            advisory("1.5", "F", None),
            advisory("2.0", "other release", ["3"]),
        ],
    },
    [
        vulnerable(1, "1.0", "==1.0", "A", ["0.9.1", "1.10", "1.2"], "1.2", False),
        vulnerable(2, "1.5", "<2", "B", ["1.2", "2.1"], "2.1", False),
        vulnerable(2, "1.5", "<2", "C", ["1.5.1"], "1.5.1", True),
        vulnerable(2, "1.5", "<2", "D", ["1.5", "1.2"], None, None),
        vulnerable(2, "1.5", "<2", "E", [], None, None),
        vulnerable(2, "1.5", "<2", "F", None, None, None),
        vulnerable(3, "1.5", None, "B", ["1.2", "2.1"], "2.1", True),
        vulnerable(3, "1.5", None, "C", ["1.5.1"], "1.5.1", True),
        vulnerable(3, "1.5", None, "D", ["1.5", "1.2"], None, None),
        vulnerable(3, "1.5", None, "E", [], None, None),
        vulnerable(3, "1.5", None, "F", None, None, None),
        vulnerable(6, "1.0", "bad", "A", ["0.9.1", "1.10", "1.2"], "1.2", None),
    ],
)
OUTDATED = Case(
    "outdated_pins",
    {
        "pins": [
            pin(0, "a", "1.9", "==1.9"),
            pin(1, "a", "1.9", ">=1,!=3.0"),
            pin(2, "a", "1.9", "bad"),
            pin(3, "a", "3.0"),
            pin(4, "a", "3.1rc1", "==3.1rc1"),
            pin(5, "b", "junk"),
            pin(6, "c", "9.0"),
            pin(7, "d", "1.0", ">=1"),
            pin(8, "e", None),
            pin(9, "f", "1.0"),
        ],
        "pin_clauses": [
            clause(0, "1.9", "1.9.post0"),
            clause(1, "1", None),
            clause(1, "3.0", "3.0.post0", excluded=True, number=1),
            clause(2, None, None, excluded=None),
            clause(7, "1", None),
        ],
        "versions": [
            release("a", "1.9", THEN),
            release("a", "1.10", THEN + days(1)),
            release("a", "2.0", THEN + days(2), yanked=True),
            release("a", "2.1", THEN + days(3), yanked=None),
            release("a", "2.2", file_count=0, yanked=None),
            release("a", "3.0rc1", THEN + days(4), is_prerelease=True),
            release("a", "3.0", THEN + days(10) - timedelta(seconds=1), is_latest=True),
            release("a", "3.1rc1", THEN + days(20), is_prerelease=True),
            release("b", "junk", THEN, valid_pep440=False, is_prerelease=None),
            release("b", "1.0", is_latest=True),
            release("c", "9.0", THEN),
            release("c", "1!1.0", THEN - days(1), is_latest=True),
            release("d", "1.0", first_seen_at=THEN),
            release("d", "2.0b1", is_prerelease=True, first_seen_at=THEN + days(3)),
            release("d", "2.0b2", is_prerelease=True, is_latest=True, first_seen_at=THEN + days(5)),
            release("e", "1.0", THEN, is_latest=True),
            release("f", "1.0", THEN),
        ],
    },
    [
        ("a", "1.9", "==1.9", *_AT, 1, "3.0", 3, 9, 2, False),
        ("a", "1.9", ">=1,!=3.0", *_AT, 2, "3.0", 3, 9, 2, False),
        ("a", "1.9", "bad", *_AT, 3, "3.0", 3, 9, 2, None),
        ("b", "junk", None, *_AT, 6, "1.0", 1, None, None, True),
        ("c", "9.0", None, *_AT, 7, "1!1.0", 1, 0, 1, True),
        ("d", "1.0", ">=1", *_AT, 8, "2.0b2", 2, 5, 1, True),
    ],
)
YANKED = Case(
    "yanked_pins",
    {
        "pins": [
            pin(0, "a", "1.0", "==1.0"),
            pin(1, "a", "3.0", "<=3.0"),
            pin(2, "a", "4.0rc1", ">=4.0rc1"),
            pin(3, "a", "2.0"),
            pin(4, "b", "1.0"),
            pin(5, "b", "1.0", "bad"),
        ],
        "pin_clauses": [
            clause(0, "1.0", "1.0.post0"),
            clause(1, None, "3.0.post0"),
            clause(2, "4.0rc1", None),
            clause(5, None, None, excluded=None),
        ],
        "versions": [
            release("a", "1.0", THEN, yanked=True, yanked_reason="broken"),
            release("a", "1.1rc1", is_prerelease=True),
            release("a", "1.2", yanked=True),
            release("a", "1.3", file_count=0, yanked=None),
            release("a", "2.0"),
            release("a", "2.0.0"),
            release("a", "3.0", yanked=True),
            release("a", "4.0rc1", THEN, is_prerelease=True, yanked=True),
            release("a", "4.0rc2", is_prerelease=True),
            release("a", "junk", valid_pep440=False, is_prerelease=None),
            release("b", "1.0", yanked=True),
        ],
    },
    [
        ("a", "1.0", "==1.0", *_AT, 1, "broken", THEN, "2.0", False),
        ("a", "3.0", "<=3.0", *_AT, 2, None, None, "2.0", True),
        ("a", "4.0rc1", ">=4.0rc1", *_AT, 3, None, THEN, "4.0rc2", True),
        ("b", "1.0", None, *_AT, 5, None, None, None, None),
        ("b", "1.0", "bad", *_AT, 6, None, None, None, None),
    ],
)
MISSING = Case(
    "missing_projects",
    {
        "pins": [
            pin(0, "gone", None, "==1"),
            pin(1, "empty", None),
            pin(2, "there", "1.0", "==1.0"),
            pin(3, "there", None, "==2.0"),
            pin(4, "elsewhere", None, not_read="its file names another index"),
            pin(5, "held", None),
            pin(6, "there", None, "bad"),
            pin(7, "failed", None),
            pin(8, "pulled", None, ">=1"),
            pin(9, "pulled", None, "==1.0", pinned_version="1.0"),
        ],
        "pin_clauses": [
            clause(0, "1", "1.post0"),
            clause(2, "1.0", "1.0.post0"),
            clause(3, "1.5", None),
            clause(3, None, "3", number=1),
            clause(6, None, None, excluded=None),
            clause(8, "1", None),
            clause(9, "1.0", "1.0.post0"),
        ],
        "statuses": [
            {"project": "gone", "status": "missing", "seen_at": THEN},
            {"project": "pulled", "status": "active", "seen_at": THEN},
            {"project": "empty", "status": "empty", "reason": "none yet", "seen_at": THEN},
            {"project": "there", "status": "active", "seen_at": THEN},
            {"project": "elsewhere", "status": "missing", "seen_at": THEN},
            {"project": "held", "status": "quarantined", "seen_at": THEN},
        ],
        "versions": [release("there", "1.0"), release("there", "3.0"), release("pulled", "1.0", yanked=True)],
    },
    [
        ("gone", "==1", *_AT, 1, "missing", None, THEN),
        ("empty", None, *_AT, 2, "empty", "none yet", THEN),
        ("there", "==2.0", *_AT, 4, "no release", None, None),
        ("pulled", ">=1", *_AT, 9, "no release", None, None),
    ],
)
STATUSES = Case(
    "pin_statuses",
    {
        "pins": [
            pin(0, "held", None, "==1"),
            pin(1, "old", "1.0", file=None, line=None),
            pin(2, "fine", "1.0"),
            pin(3, "gone", None),
            pin(4, "empty", None),
            pin(5, "unknown", "1.0"),
            pin(6, "held", None, not_read="its file names another index"),
        ],
        "statuses": [
            {"project": "held", "status": "quarantined", "reason": "malware"},
            {"project": "old", "status": "archived"},
            {"project": "fine", "status": "active"},
            {"project": "gone", "status": "missing"},
            {"project": "empty", "status": "empty"},
        ],
    },
    [
        ("held", None, "==1", *_AT, 1, "quarantined", "malware"),
        ("old", "1.0", None, None, None, "archived", None),
    ],
)
LICENSES = Case(
    "pin_licenses",
    {
        "pins": [pin(0, "a", "1.0", "==1.0"), pin(1, "a", "2.0"), pin(2, "b", None), pin(3, "c", "1.0")],
        "licenses": [
            {"project": "a", "version": "1.0", "expression": "MIT", "expression_source": "license", "license": "MIT"},
            {"project": "a", "version": "2.0", "license": "as you like"},
            {"project": "b", "version": "1.0", "expression": "MIT"},
        ],
    },
    [
        ("a", "1.0", "==1.0", *_AT, 1, "MIT", "license", "MIT"),
        ("a", "2.0", None, *_AT, 2, None, None, "as you like"),
    ],
)
SOLE = Case(
    "sole_maintainers",
    {
        "roles": [
            {"project": "alone", "role": "Owner", "user": "ann"},
            {"project": "twice", "role": "Owner", "user": "ann"},
            {"project": "twice", "role": "Maintainer", "user": "ann"},
            {"project": "pair", "role": "Owner", "user": "ann"},
            {"project": "pair", "role": "Owner", "user": "bob"},
            {"project": "owned", "role": "Owner", "user": "ann"},
            {"project": "unknown", "role": "Owner", "user": "bob"},
        ],
        "projects": [
            *({"project": name} for name in ("alone", "twice", "pair", "nobody")),
            {"project": "owned", "organization": "acme"},
        ],
    },
    [("alone", "ann"), ("twice", "ann"), ("unknown", "bob")],
)
STALE = Case(
    "stale_projects",
    {
        "versions": [
            release("old", "1.0", NOW - days(1000)),
            release("old", "2.0", NOW - days(731) - timedelta(hours=1), is_latest=True),
            release("fresh", "1.0", NOW - days(900), is_latest=True),
            release("fresh", "2.0rc1", NOW - days(1), is_prerelease=True),
            release("edge", "1.0", NOW - days(730) - timedelta(hours=1), is_latest=True),
            release("undated", "1.0", is_latest=True),
            release("withdrawn", "1.0", NOW - days(800) - timedelta(hours=1)),
        ]
    },
    [
        ("old", "2.0", NOW - days(731) - timedelta(hours=1), 731),
        ("withdrawn", None, NOW - days(800) - timedelta(hours=1), 800),
    ],
)
CADENCE = Case(
    "release_cadence",
    {
        "versions": [
            release("a", "1.0", NOW - days(45)),
            release("a", "1.1rc1", NOW - days(35), is_prerelease=True),
            release("a", "1.1", NOW - days(15)),
            release("a", "1.2", NOW - days(5)),
            release("a", "9.0", file_count=0),
            release("b", "1.0", NOW - days(8)),
            release("b", "1.1", NOW - days(4)),
            release("b", "junk", NOW - days(2), is_prerelease=None),
            release("c", "1.0", NOW - days(1)),
            release("d", "1.0"),
        ]
    },
    [
        ("a", 4, 1, NOW - days(45), NOW - days(5), 10.0, 5.0),
        ("b", 3, 0, NOW - days(8), NOW - days(2), 3.0, 2.0),
        ("c", 1, 0, NOW - days(1), NOW - days(1), None, 1.0),
    ],
)
DEPENDENTS = Case(
    "dependents",
    {
        "dependencies": [
            {"project": "flask", "version": "3.0", "position": 0, "name": "flask", "extras": ["dotenv"]},
            {"project": "flask", "version": "3.0", "position": 1, "name": "click", "specifier": ">=8"},
            {"project": "flask", "version": "3.0", "position": 2, "name": "dotenv", "marker": "m", "extra": "dotenv"},
            {"project": "flask", "version": "3.0", "position": 3, "requirement": "(broken"},
        ]
    },
    [("click", "flask", "3.0", ">=8", None, None), ("dotenv", "flask", "3.0", None, "m", "dotenv")],
)
PROVENANCE = Case(
    "provenance_status",
    {
        "versions": [
            release("a", "1.0", THEN),
            release("a", "1.1", THEN + days(10)),
            release("a", "1.2", THEN + days(12)),
            release("a", "1.3", THEN + days(26)),
            release("a", "1.4", THEN + days(27)),
            release("a", "1.5", THEN + days(28)),
            release("a", "1.6", THEN + days(29)),
            release("a", "1.7", THEN + days(30)),
            release("a", "1.8", THEN + days(44) + timedelta(seconds=1), is_latest=True),
            release("a", "1.9", THEN + days(45), file_count=0),
            release("b", "1.0", THEN),
            release("b", "1.1", THEN, is_latest=True),
            release("c", "1.0", first_seen_at=THEN, is_latest=True),
        ],
        "attestations": [
            attestation("1.0", "a-1.0.whl"),
            attestation("1.0", "a-1.0.tar.gz"),
            attestation("1.0", "a-1.0.tar.gz", bundle=1),
            attestation("1.1", "a-1.1.whl"),
            attestation("1.3", "a-1.3.whl", "org/b"),
            attestation("1.3", "a-1.3.tar.gz"),
            attestation("1.4", "a-1.4.whl", "org/a"),
            attestation("1.4", "a-1.4.tar.gz", "org/b"),
            attestation("1.5", "a-1.5.whl", "org/b", "other.yml"),
            attestation("1.5", "a-1.5.tar.gz", "org/a"),
            attestation("1.6", "a-1.6.whl", None, None, publisher_kind=None, parse_error="?"),
            attestation("1.7", "a-1.7.whl", None, None, publisher_kind="Google", publisher_email="x@example.com"),
            attestation("1.7", "a-1.7.tar.gz", None, None, publisher_kind="ActiveState"),
        ],
        "pins": [pin(0, "a", "1.8"), pin(1, "a", "1.2"), pin(2, "b", "1.0"), pin(3, "d", None)],
        "index_capabilities": [{"stream": "attestations", "available": None}, {"stream": "files", "available": False}],
    },
    [
        ("a", "1.0", "full", "full", 2, 2, "org/a release.yml", None),
        ("a", "1.1", "partial", "partial", 2, 1, "org/a release.yml", "1.0"),
        ("a", "1.2", "lost", "none, lost", 2, 0, None, "1.1"),
        ("a", "1.3", "inconsistent", "full, inconsistent", 2, 2, "org/a release.yml, org/b release.yml", None),
        ("a", "1.4", "inconsistent", "full, inconsistent", 2, 2, "org/a release.yml, org/b release.yml", "1.3"),
        (
            *("a", "1.5", "changed", "full, inconsistent, changed", 2, 2),
            *("org/a release.yml, org/b other.yml", "1.4"),
        ),
        ("a", "1.6", "partial", "partial", 2, 1, None, "1.5"),
        ("a", "1.7", "full", "full", 2, 2, "ActiveState, x@example.com", "1.6"),
        ("a", "1.8", "none", "none", 2, 0, None, None),
        ("b", "1.0", "none", "none", 2, 0, None, None),
        ("c", "1.0", "none", "none", 2, 0, None, None),
    ],
)
UNAVAILABLE = PROVENANCE._replace(
    tables={**PROVENANCE.tables, "index_capabilities": [{"stream": "attestations", "available": False}]}, expected=[]
)
UNATTESTED = Case(
    "unattested_pins",
    {
        **PROVENANCE.tables,
        "pins": [
            pin(0, "a", "1.2", "==1.2"),
            pin(1, "a", "1.1"),
            pin(2, "a", "1.3"),
            pin(3, "b", "1.0"),
            pin(4, "d", None),
        ],
    },
    [
        ("a", "1.2", "==1.2", *_AT, 1, 2, 0, "lost"),
        ("a", "1.1", None, *_AT, 2, 2, 1, "partial"),
        ("b", "1.0", None, *_AT, 4, 2, 0, "none"),
    ],
)


def covered(version: str, tags: str, python: str, abi: str, *platforms: str) -> Iterable[tuple[Any, ...]]:
    """Rows of ``wheel_coverage`` of the project a; 2.0 is its latest release, 1.0 is pinned."""
    name = f"a-{version}-{tags}.whl"
    return [("a", version, version == "2.0", version == "1.0", platform, python, abi, name) for platform in platforms]


COVERAGE = Case(
    "wheel_coverage",
    {
        "pins": [pin(0, "a", "1.0"), pin(1, "a", "1.0"), pin(2, "b", None)],
        "versions": [release("a", "1.0"), release("a", "1.5"), release("a", "2.0", is_latest=True)],
        "files": [
            wheel("a", "1.0", "py2.py3-none-any"),
            wheel("a", "1.0", "py37-none-win_amd64"),
            wheel("a", "1.5", "cp312-cp312-win_arm64"),
            wheel("a", "2.0", "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"),
            wheel("a", "2.0", "cp313-cp313t-musllinux_1_2_aarch64"),
            wheel("a", "2.0", "cp38-abi3-macosx_11_0_arm64"),
            wheel("a", "2.0", "cp315-abi3.abi3t-win_arm64"),
            wheel("a", "2.0", "pp310-pypy310_pp73-win32"),
            wheel("a", "2.0", "cp37-cp37m-linux_armv7l"),
            wheel("a", "2.0", "cp314-cp314-pyemscripten_2026_0_wasm32"),
            wheel("a", "2.0", "graalpy311-graalpy242_311_native-haiku_1"),
            {"project": "a", "version": "2.0", "filename": "a-2.0.tar.gz"},
        ],
    },
    [
        *covered("1.0", "py2.py3-none-any", "2+", "none", "any"),
        *covered("1.0", "py2.py3-none-any", "3+", "none", "any"),
        *covered("1.0", "py37-none-win_amd64", "3.7+", "none", "windows x86_64"),
        *covered(
            "2.0", "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", "3.12", "cpython", "manylinux x86_64"
        ),
        *covered("2.0", "cp313-cp313t-musllinux_1_2_aarch64", "3.13", "free-threaded", "musllinux aarch64"),
        *covered("2.0", "cp38-abi3-macosx_11_0_arm64", "3.8+", "abi3", "macos arm64"),
        *covered("2.0", "cp315-abi3.abi3t-win_arm64", "3.15+", "abi3", "windows arm64"),
        *covered("2.0", "cp315-abi3.abi3t-win_arm64", "3.15+", "abi3t", "windows arm64"),
        *covered("2.0", "pp310-pypy310_pp73-win32", "PyPy 3.10", "pypy310_pp73", "windows x86"),
        *covered("2.0", "cp37-cp37m-linux_armv7l", "3.7", "cpython", "linux armv7l"),
        *covered("2.0", "cp314-cp314-pyemscripten_2026_0_wasm32", "3.14", "cpython", "emscripten wasm32"),
        *covered("2.0", "graalpy311-graalpy242_311_native-haiku_1", "graalpy311", "graalpy242_311_native", "haiku_1"),
    ],
)
PYTHONS = ("2.7", *(f"3.{minor}" for minor in range(6, 16)))


def supported(
    project: str, version: str, admitted: str | None, classified: str | None, has_wheel: str
) -> list[tuple[Any, ...]]:
    """Rows of ``python_support``: the Python versions for which each column is true; None: the column is null."""

    def truth(words: str | None, python: str) -> bool | None:
        return None if words is None else python in words.split()

    return [
        (project, version, one, truth(admitted, one), truth(classified, one), truth(has_wheel, one)) for one in PYTHONS
    ]


def counted(
    project: str, day: str, downloads: int, category: str = "without_mirrors", *, complete: bool = True
) -> dict[str, Any]:
    """A row of ``downloads``."""
    counting = "every-object" if day < "2026-08-24" else "artifacts"
    row = {"project": project, "day": day, "source": "pypistats", "category": category, "downloads": downloads}
    return {**row, "counting": counting, "complete": complete}


DAILY = Case(
    "downloads_daily",
    {
        "downloads": [
            counted("a", "2026-08-22", 5),
            counted("a", "2026-08-25", 3),
            counted("a", "2026-08-26", 2, complete=False),
            counted("a", "2026-08-26", 7, "with_mirrors", complete=False),
            counted("b", "2026-01-31", 1),
        ]
    },
    [
        ("a", "2026-08-22", "pypistats", "without_mirrors", 5, "every-object", True),
        ("a", "2026-08-23", "pypistats", "without_mirrors", 0, "every-object", True),
        ("a", "2026-08-24", "pypistats", "without_mirrors", 0, "artifacts", True),
        ("a", "2026-08-25", "pypistats", "without_mirrors", 3, "artifacts", True),
        ("a", "2026-08-26", "pypistats", "without_mirrors", 2, "artifacts", False),
        ("a", "2026-08-22", "pypistats", "with_mirrors", 0, "every-object", True),
        ("a", "2026-08-23", "pypistats", "with_mirrors", 0, "every-object", True),
        ("a", "2026-08-24", "pypistats", "with_mirrors", 0, "artifacts", True),
        ("a", "2026-08-25", "pypistats", "with_mirrors", 0, "artifacts", True),
        ("a", "2026-08-26", "pypistats", "with_mirrors", 7, "artifacts", False),
        ("b", "2026-01-31", "pypistats", "without_mirrors", 1, "every-object", True),
    ],
)

_ALL = " ".join(PYTHONS)
SUPPORT = Case(
    "python_support",
    {
        "pins": [pin(0, "a", "1.0"), pin(1, "a", "1.0")],
        "versions": [
            release("a", "1.0", requires_python=">=3.8,!=3.9.*,<4"),
            release("a", "1.5", requires_python=">=3"),
            release("a", "2.0", requires_python="nonsense", is_latest=True),
            release("b", "1.0", is_latest=True),
            release("c", "1.0", requires_python="~=3.12", is_latest=True),
        ],
        "files": [
            wheel("a", "1.0", "cp310-abi3.abi3t-win32"),
            wheel("a", "1.0", "cp38-cp38-win32"),
            wheel("a", "1.0", "cp39-cp39t-win32"),
            wheel("a", "2.0", "py2.py3-none-any"),
            wheel("b", "1.0", "py312-none-any"),
            wheel("b", "1.0", "cp36-cp36m-win32"),
            wheel("b", "1.0", "pp37-pypy37_pp73-win32"),
            wheel("b", "1.0", "cp37-none-win32"),
            {"project": "c", "version": "1.0", "filename": "c-1.0.tar.gz"},
        ],
        "classifiers": [
            {"project": "a", "version": "1.0", "classifier": "Programming Language :: Python :: 3.8"},
            {"project": "a", "version": "1.0", "classifier": "Programming Language :: Python :: 3 :: Only"},
            {"project": "b", "version": "1.0", "classifier": "Topic :: Internet"},
        ],
    },
    [
        *supported("a", "1.0", "3.8 3.10 3.11 3.12 3.13 3.14 3.15", "3.8", "3.8 3.10 3.11 3.12 3.13 3.14 3.15"),
        *supported("a", "2.0", None, None, _ALL),
        *supported("b", "1.0", _ALL, "", "3.6 3.7 3.12 3.13 3.14 3.15"),
        *supported("c", "1.0", "3.12 3.13 3.14 3.15", None, ""),
    ],
)


def event(serial: int, kind: str, version: str | None = None, project: str | None = "a", **more: Any) -> dict[str, Any]:
    """A row of ``events``, as many minutes after ``THEN`` as its serial says."""
    return {"serial": serial, "project": project, "version": version, "kind": kind, "time": at(serial), **more}


def at(serial: int) -> datetime:
    """The time of an event."""
    return THEN + timedelta(minutes=serial)


QUARANTINES = Case(
    "quarantines",
    {
        "events": [
            event(1, "new_release", "1.0"),
            event(2, "release_quarantined", "1.0"),
            event(3, "release_quarantined", "2.0"),
            event(4, "release_quarantine_cleared", "1.0"),
            event(5, "release_quarantined", "1.0"),
            event(6, "release_quarantined", "3.0"),
            event(7, "remove_release", "3.0"),
            event(8, "release_quarantine_cleared", "2.0", "b"),
            event(9, "project_quarantined", None, "b"),
            event(10, "project_quarantine_cleared", None, "b"),
            event(11, "release_quarantined", "1.0", "c"),
            event(12, "project_quarantined", None, "c"),
            event(13, "remove_project", None, "c"),
            event(14, "release_quarantined", "9", None),
        ]
    },
    [
        ("a", "1.0", 2, at(2), at(4), None, False),
        ("a", "2.0", 3, at(3), None, None, True),
        ("a", "1.0", 5, at(5), None, None, True),
        ("a", "3.0", 6, at(6), None, at(7), False),
        ("b", None, 9, at(9), at(10), None, False),
        ("c", "1.0", 11, at(11), None, at(13), False),
        ("c", None, 12, at(12), None, at(13), False),
    ],
)
OWNERS = Case(
    "owner_changes",
    {
        "events": [
            event(1, "create"),
            event(2, "add_role", role="Owner", user="ann"),
            event(3, "new_release", "1.0"),
            event(4, "invite", role="Maintainer", user="ben"),
            event(5, "accept_invite", role="Maintainer", user="ben"),
            event(6, "new_release", "1.0", "b"),
            event(7, "new_release", "1.1"),
            event(8, "new_release", "1.2"),
            event(9, "change_role", role="Owner", user="ben"),
            event(10, "remove_role", role="Owner", user="ann"),
            event(11, "revoke_invite", role="Owner", user="cid"),
        ]
    },
    [
        ("a", "added", "Owner", "ann", 2, at(2), "1.0", at(3)),
        ("a", "added", "Maintainer", "ben", 5, at(5), "1.1", at(7)),
        ("a", "changed", "Owner", "ben", 9, at(9), None, None),
        ("a", "removed", "Owner", "ann", 10, at(10), None, None),
    ],
)
REMOVED = Case(
    "removed_releases",
    {
        "events": [
            event(1, "new_release", "1.0"),
            event(2, "new_release", "2.0"),
            event(3, "remove_release", "1.0"),
            event(4, "new_release", "1.0"),
            event(5, "remove_release", "1.0"),
            event(6, "remove_release", "0.1"),
            event(7, "new_release", "1.0", "b"),
            event(8, "remove_project"),
            event(9, "remove_release", "1.0", "c"),
        ]
    },
    [
        ("a", "1.0", 3, at(3), at(1), at(4), at(8)),
        ("a", "1.0", 5, at(5), at(4), None, at(8)),
        ("a", "0.1", 6, at(6), None, None, at(8)),
        ("c", "1.0", 9, at(9), None, None, None),
    ],
)
REUSE = Case(
    "name_reuse",
    {
        "events": [
            event(1, "create"),
            event(2, "add_role", role="Owner", user="ann"),
            event(3, "new_release", "1.0"),
            event(4, "remove_project"),
            event(5, "create", None, "b"),
            event(6, "create"),
            event(7, "add_role", role="Owner", user="eve"),
            event(8, "add_role", role="Owner", user="eve2"),
            event(9, "new_release", "6.6"),
            event(10, "remove_project", None, "b"),
            event(11, "remove_project"),
            event(12, "remove_project"),
            event(13, "create"),
            event(14, "remove_project", None, "c"),
            event(15, "create", None, "c"),
        ]
    },
    [
        ("a", 4, at(4), 6, at(6), "ann", "eve", "6.6"),
        ("a", 12, at(12), 13, at(13), "eve2", None, None),
        ("c", 14, at(14), 15, at(15), None, None, None),
    ],
)
YANKS = Case(
    "yanks",
    {
        "events": [
            event(1, "new_release", "1.0"),
            event(2, "yank_release", "1.0"),
            event(3, "unyank_release", "1.0"),
            event(4, "yank_release", "1.0"),
            event(5, "yank_release", "0.9"),
            event(6, "remove_release", "0.9"),
            event(7, "yank_release", "1.0", "b"),
            event(8, "unyank_release", "2.0", "b"),
            event(9, "yank_release", "2.0", "c"),
            event(10, "remove_project", None, "c"),
        ]
    },
    [
        ("a", "1.0", 2, at(1), at(2), at(3), None, False),
        ("a", "1.0", 4, at(1), at(4), None, None, True),
        ("a", "0.9", 5, None, at(5), None, at(6), False),
        ("b", "1.0", 7, None, at(7), None, None, True),
        ("c", "2.0", 9, None, at(9), None, at(10), False),
    ],
)
RELEASES = Case(
    "version_statuses",
    {
        "versions": [
            *(release("a", "1.0"), release("a", "2.0", yanked=True), release("a", "3.0", yanked=None)),
            *(release("b", "5.0"), release("c", "1.0")),
        ],
        "events": [
            event(1, "release_quarantined", "2.0"),
            event(2, "release_quarantine_cleared", "2.0"),
            event(3, "release_quarantined", "3.0"),
            event(4, "release_quarantined", "4.0"),
            event(5, "release_quarantined", "5.0"),
            event(6, "remove_release", "5.0"),
            event(7, "new_release", "0.1", "b"),
            event(8, "remove_project", None, "b"),
            event(9, "new_release", "1.0", "b"),
            event(10, "add_file", "1.0", "b"),
            event(11, "new_release", "2.0", "b"),
            event(12, "remove_release", "2.0", "b"),
            event(13, "yank_release", "3.0", "b"),
            event(14, "release_quarantined", "4.0", "b"),
            event(15, "project_quarantined", None, "b"),
            event(16, "new_release", "1.0", "c"),
            event(17, "project_quarantined", None, "c"),
            event(18, "project_quarantine_cleared", None, "c"),
        ],
    },
    [
        ("a", "1.0", "available", True, None),
        ("a", "2.0", "yanked", True, None),
        ("a", "3.0", "quarantined", True, at(3)),
        ("a", "4.0", "quarantined", False, at(4)),
        ("b", "1.0", "quarantined", False, at(15)),
        ("b", "3.0", "quarantined", False, at(15)),
        ("b", "4.0", "quarantined", False, at(14)),
        ("b", "5.0", "quarantined", True, at(15)),
        ("c", "1.0", "available", True, None),
    ],
)


def bulk(identifier: str, *aliases: str, **more: Any) -> dict[str, Any]:
    """A row of ``advisories``: about a vulnerability, with a score of version 3."""
    row = {"id": identifier, "kind": "vulnerability", "aliases": list(aliases), "severity": "high", "summary": "bad"}
    return {**row, "cvss_v3_score": 7.5, "published_at": THEN, **more}


def affected(
    identifier: str,
    introduced: str | None = None,
    fixed: str | None = None,
    last: str | None = None,
    limit: str | None = None,
    *,
    position: int = 0,
    project: str = "a",
) -> dict[str, Any]:
    """A row of ``advisory_ranges``."""
    named = {"introduced": introduced, "fixed": fixed, "last_affected": last, "limit_version": limit}
    keys = {f"{name.removesuffix('_version')}_sort_key": text and sort_key(text) for name, text in named.items()}
    keys["introduced_sort_key"] = "" if introduced is None else sort_key(introduced)
    return {"id": identifier, "position": position, "project": project, **named, **keys}


def listed(identifier: str, version: str, project: str = "a") -> dict[str, Any]:
    """A row of ``advisory_versions``."""
    return {"id": identifier, "project": project, "version": version, "sort_key": sort_key(version)}


_BULK: dict[str, Rows] = {
    "advisories": [
        bulk("FIXED", "CVE-1"),
        bulk("LAST", cvss_v4_score=9.3),
        bulk("TWO", "CVE-1"),
        bulk("LISTED", severity=None, cvss_v3_score=None),
        bulk("LIMIT"),
        bulk("MAL-1", kind="malware"),
        bulk("OLD", withdrawn_at=THEN),
        bulk("GONE"),
        bulk("BACK"),
    ],
    "advisory_ranges": [
        affected("FIXED", None, "1.5"),
        affected("FIXED", "2.0", "2.1", position=1),
        affected("LAST", "1.0", last="1.5"),
        affected("TWO", None, "1.5"),
        affected("TWO", "1.2", "2.0", position=1),
        affected("LIMIT", None, limit="1.5"),
        affected("MAL-1", project="evil"),
        affected("OLD"),
        affected("GONE"),
        affected("BACK", "2.0"),
    ],
    "advisory_versions": [listed("LISTED", "1.0.0"), listed("FIXED", "1.0"), listed("LISTED", "7", "other")],
    "removed_advisories": [{"id": "GONE", "removed_at": THEN}, {"id": "BACK", "removed_at": None}],
}


def hit(version: str, id_: str, fixed: str | None, *, in_range: bool = True, **more: Any) -> tuple[Any, ...]:
    """A row of ``vulnerable_versions``, of project a."""
    values = {"kind": "vulnerability", "severity": "high", "score": 7.5, **more}
    head = ("a", version, sort_key(version), id_, values["kind"], values["severity"], values["score"], THEN)
    return (*head, in_range, fixed, fixed and sort_key(fixed))


VULNERABLE_VERSIONS = Case(
    "vulnerable_versions",
    {"versions": [release("a", one) for one in ("1.0", "1.5", "2.0", "2.1", "1.3+local")], **_BULK},
    [
        hit("1.0", "FIXED", "1.5"),
        hit("1.3+local", "FIXED", "1.5"),
        hit("2.0", "FIXED", "2.1"),
        *(hit(version, "LAST", None, score=9.3) for version in ("1.0", "1.3+local", "1.5")),
        hit("1.0", "TWO", "1.5"),
        hit("1.3+local", "TWO", "2.0"),
        hit("1.5", "TWO", "2.0"),
        hit("1.0", "LISTED", None, in_range=False, severity=None, score=None),
        hit("1.0", "LIMIT", None),
        hit("1.3+local", "LIMIT", None),
        hit("2.0", "BACK", None),
        hit("2.1", "BACK", None),
    ],
)


def about(line: int, version: str | None, specifier: str | None, id_: str, *fix: Any, **more: Any) -> tuple[Any, ...]:
    """A row of ``advisory_pins``: with the smallest fix and whether it is admitted."""
    found = {one["id"]: one for one in _BULK["advisories"]}[id_]
    score = found.get("cvss_v4_score") or found["cvss_v3_score"]
    head = (more.get("project", "a"), version, specifier, "requirements.txt", line, id_)
    cluster = "CVE-1" if found["aliases"] else id_
    facts = (found["kind"], found["aliases"], "bad", found["severity"], score, THEN)
    times = (found.get("withdrawn_at"), THEN if id_ == "GONE" else None)
    return (*head, cluster, *facts, *times, *fix, f"https://osv.dev/vulnerability/{id_}")


ADVISORY_PINS = Case(
    "advisory_pins",
    {
        "pins": [
            pin(0, "a", "1.0", "==1.0"),
            pin(1, "a", "1.5", "<3"),
            pin(2, "a", None, "==2.0", pinned_version="2.0"),
            pin(3, "evil", None),
            pin(4, "a", None, "<1"),
            pin(5, "a", "1.0", not_read="of another index"),
            pin(6, "a", None, "bad", pinned_version="bad"),
        ],
        "pin_clauses": [
            clause(0, "1.0", "1.0.post0", operator="=="),
            clause(1, None, "3", operator="<"),
            clause(2, "2.0", "2.0.post0", operator="=="),
            clause(4, None, "1", operator="<"),
            clause(6, None, None, excluded=None),
        ],
        **_BULK,
    },
    [
        about(1, "1.0", "==1.0", "FIXED", "1.5", False),
        about(1, "1.0", "==1.0", "LAST", None, None),
        about(1, "1.0", "==1.0", "TWO", "2.0", False),
        about(1, "1.0", "==1.0", "LISTED", None, None),
        about(1, "1.0", "==1.0", "LIMIT", None, None),
        about(1, "1.0", "==1.0", "OLD", None, None),
        about(1, "1.0", "==1.0", "GONE", None, None),
        about(2, "1.5", "<3", "LAST", None, None),
        about(2, "1.5", "<3", "TWO", "2.0", True),
        about(2, "1.5", "<3", "OLD", None, None),
        about(2, "1.5", "<3", "GONE", None, None),
        about(3, "2.0", "==2.0", "FIXED", "2.1", False),
        about(3, "2.0", "==2.0", "OLD", None, None),
        about(3, "2.0", "==2.0", "GONE", None, None),
        about(3, "2.0", "==2.0", "BACK", None, None),
        about(4, None, None, "MAL-1", None, None, project="evil"),
        *(
            about(line, *head, id_, None, None)
            for line, *head in ((5, None, "<1"), (7, "bad", "bad"))
            for id_ in ("OLD", "GONE")
        ),
    ],
)
ADVISORY_CLUSTERS = Case(
    "advisory_clusters",
    {
        "advisories": [
            bulk("P-1", "C-1"),
            bulk("G-1", "C-1", "P-9"),
            bulk("P-9"),
            bulk("X", "P-9", "A-0"),
            bulk("ALONE"),
            bulk("TWIN", "C-7"),
            bulk("OTHER", "C-7"),
            {"id": "NONE"},
        ]
    },
    [
        *((one, "A-0") for one in ("P-1", "G-1", "P-9", "X")),
        ("ALONE", "ALONE"),
        ("TWIN", "C-7"),
        ("OTHER", "C-7"),
        ("NONE", "NONE"),
    ],
)
ADVISORY_DIFFERENCES = Case(
    "advisory_differences",
    {
        "versions": [
            *(release("a", one) for one in ("1.0", "1.5", "2.0")),
            release("b", "1.0"),
            release("b", "2.0", is_latest=True),
        ],
        "pins": [pin(0, "a", "1.0"), pin(1, "a", "1.5")],
        "vulnerabilities": [
            {"project": "a", "version": "1.0", "id": "FIXED"},
            {"project": "a", "version": "1.0", "id": "OLD"},
            {"project": "a", "version": "1.0", "id": "GONE"},
            {"project": "a", "version": "1.0", "id": "NEW"},
            {"project": "a", "version": "1.5", "id": "FIXED"},
            {"project": "a", "version": "1.5", "id": "LAST", "withdrawn_at": THEN},
        ],
        **{
            name: [*rows, *extra]
            for (name, rows), extra in zip(
                _BULK.items(), ([], [affected("LAST", "2.0", position=1, project="b")], [], []), strict=True
            )
        },
    },
    [
        ("a", "1.0", "OLD", "index", "withdrawn"),
        ("a", "1.0", "GONE", "index", "removed"),
        ("a", "1.0", "NEW", "index", "unknown"),
        ("a", "1.5", "FIXED", "index", "other versions"),
        *(("a", "1.0", one, "osv", "not listed") for one in ("LAST", "TWO", "LISTED", "LIMIT")),
        *(("a", "1.5", one, "osv", "not listed") for one in ("LAST", "TWO")),
        ("b", "2.0", "LAST", "osv", "not listed"),
    ],
)
CASES = (
    ADVISORY_CLUSTERS,
    ADVISORY_DIFFERENCES,
    ADVISORY_PINS,
    VULNERABLE_VERSIONS,
    *(VULNERABLE, OUTDATED, YANKED, MISSING, STATUSES, LICENSES, SOLE, STALE, CADENCE, DEPENDENTS),
    *(PROVENANCE, UNAVAILABLE, UNATTESTED, COVERAGE, SUPPORT, DAILY),
    *(QUARANTINES, OWNERS, REMOVED, REUSE, YANKS, RELEASES),
)

#: Requirements of Python as projects write them, and some that violate PEP 440.
SPECIFIERS: tuple[str, ...] = (
    ">=3.8",
    ">=3.8.1",
    ">3.7",
    ">3",
    ">=3",
    "<4",
    "<4.0",
    "<3.11",
    "<3.11.4",
    "<=3.11",
    "<=3.11.99",
    "==3.*",
    "==3.9.*",
    "==3.9",
    "==3.9.1",
    "!=3.9.*",
    "!=3.9",
    "!=3.9.7",
    "!=3.*",
    "~=3.8",
    "~=3.8.2",
    "~=3.8.0.1",
    "===3.8",
    "~= 3.9",
    ">=2.7, !=3.0.*, !=3.1.*, !=3.2.*",
    ">=2.7,!=3.0.*,!=3.1.*,<4",
    " >= 3.6 , < 3.13 ",
    ">=3.6,",
    ">=3.13.0rc1",
    "<3.13.0a0",
    ">=3.10,<3.10",
    "",
    ",",
    "3.8",
    "=3.8",
    "=>3.8",
    ">=3.x",
    ">=3.",
    ">=3.6 <4",
    ">= 3.6 || < 4",
    "~=3",
    ">=3.*",
    "<3.*",
    ">=3.8.*",
    "~=3.8.*",
    "~=3.*",
    "nonsense",
    ">=99999999999",
    ">=3.99999999999",
    ">=3.6;python",
    '>="3.6"',
    ">=3\\",
    "!=3.*,>=2.7",
)
