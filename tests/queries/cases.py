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


def days(number: float) -> timedelta:
    """A number of days."""
    return timedelta(days=number)


def pin(position: int, project: str, version: str | None, specifier: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of ``pins``."""
    key = None if version is None else sort_key(version)
    row = {"position": position, "project": project, "version": version, "sort_key": key, "specifier": specifier}
    return {**row, "file": "requirements.txt", "line": position + 1, **more}


def clause(
    position: int, lower: str | None, upper: str | None, *, excluded: bool | None = False, number: int = 0
) -> dict[str, Any]:
    """A row of ``pin_clauses``: from one version up to another that is not included."""
    bounds = {"lower_sort_key": lower and sort_key(lower), "upper_sort_key": upper and sort_key(upper)}
    return {"position": position, "clause": number, "excluded": excluded, **bounds}


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
            release(
                "a",
                "1.8",
                THEN
                + days(
                    44,
                )
                + timedelta(seconds=1),
                is_latest=True,
            ),
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
CASES = (
    *(VULNERABLE, OUTDATED, YANKED, MISSING, STATUSES, LICENSES, SOLE, STALE, CADENCE, DEPENDENTS),
    *(PROVENANCE, UNAVAILABLE, UNATTESTED, COVERAGE, SUPPORT),
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
