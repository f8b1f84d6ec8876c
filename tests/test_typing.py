"""The types of the library: what is misspelt fails a type checker, and what is right has the right type."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from source_pypi.streams import NAMES, STREAMS
from tools.write_stubs import FILES, TARGET, _formatted, row_type

ROOT = Path(__file__).parent.parent
#: A program; ``# error`` marks the lines that a type checker refuses, ``# type: T`` those that reveal a type, without modules.
PROGRAM = """
import source_pypi
from source_pypi import records

rows = source_pypi.read("files", ["flask"], requests_per_second=1, exclude=["a"], releases="all")
reveal_type(rows)  # type: Rows[File]
for row in rows:
    reveal_type(row.filename)  # type: str
    reveal_type(row.size)  # type: int | None
    reveal_type(row.seen_at)  # type: datetime
    row.file_name  # error
    row.size + 1  # error
source_pypi.read("fiels", ["flask"])  # error
source_pypi.read("all", ["flask"])  # error
source_pypi.read("files", ["flask"], request_per_second=1)  # error
source_pypi.read("files", ["flask"], requests_per_second="fast")  # error
source_pypi.read("files", ["flask"], releases="newest")  # error
source_pypi.read("files", ["flask"], exclude="a")  # error
document = next(source_pypi.read("project", ["flask"]))
reveal_type(document)  # type: Document
for project in source_pypi.read("projects", ["flask"]):
    reveal_type(project)  # type: Project
    project.file_count_ = 1  # error
with source_pypi.open(["flask"], streams=["files", "versions"], state="state.json", contact="me@example.com") as reader:
    reveal_type(reader["versions"])  # type: Rows[Version]
    reader["fiels"]  # error
    for batch in reader:
        reveal_type(batch["files"])  # type: list[File]
        reveal_type(batch.project)  # type: str | None
        batch["fiels"]  # error
        reveal_type(batch.rows("versions"))  # type: Iterator[Version]
        reveal_type(batch.deleted("files"))  # type: list[dict[str, str | int]]
        batch.rows("fiels")  # error
        batch.deleted("fiels")  # error
        batch.size("fiels")  # error
source_pypi.open(["flask"], streams=["fiels"])  # error
source_pypi.open(["flask"], stream=["files"])  # error
source_pypi.open(["flask"], streams="files")  # error
source_pypi.open(["flask"], state=1)  # error
source_pypi.scan_pypi("fiels", ["flask"])  # error
source_pypi.schema("fiels")  # error
records.Fiel  # error
source_pypi.reed  # error
reveal_type(source_pypi.streams())  # type: list[dict[str, Any]]
def any_stream(name: source_pypi.StreamName) -> None:
    reveal_type(source_pypi.read(name, ["flask"]))  # type: Rows[Any]
settings: source_pypi.Settings = {"contact": "me@example.com"}
source_pypi.read("roles", ["flask"], **settings)
wrong: source_pypi.Settings = {"contacts": "me@example.com"}  # error
"""


def short(type_: str) -> str:
    """A type without the names of modules."""
    return re.sub(r"\b\w+\.(?=\w)", "", type_)


def expected(kind: str) -> dict[int, str]:
    """The lines of the program with a mark, and what it says."""
    lines = enumerate(PROGRAM.splitlines(), 1)
    return {number: found[1].strip() for number, line in lines if (found := re.search(rf"# {kind}(.*)$", line))}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program, in a file."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def test_mypy_refuses_what_is_misspelt(program: Path) -> None:
    """``mypy --strict`` reports an error in each line with a misspelt stream, field or setting, and in no other."""
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "--config-file="]
    done = subprocess.run(
        [*mypy, "--cache-dir", str(program.parent / "cache"), "--follow-imports=silent", str(program)],
        env={"MYPYPATH": str(ROOT / "src"), "PATH": ""},
        cwd=program.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    errors = {int(line) for line in re.findall(r"^program\.py:(\d+): error: ", done.stdout, re.MULTILINE)}
    assert errors == set(expected("error")), done.stdout
    types = re.findall(r'^program\.py:(\d+): note: Revealed type is "(.+)"$', done.stdout, re.MULTILINE)
    assert {int(line): short(type_) for line, type_ in types} == expected("type:")


@pytest.mark.parametrize("name", FILES)
def test_generated_files_are_up_to_date(name: str) -> None:
    """The generated files are those of today's streams and settings."""
    assert (TARGET / name).read_text(encoding="utf-8") == _formatted(FILES[name](), name)


def test_every_stream_has_an_overload() -> None:
    """Each stream has an overload of ``read``, which returns rows of its type."""
    stub = (TARGET / "__init__.pyi").read_text(encoding="utf-8")
    overloads = re.findall(
        r'^def read\(\s*stream: Literal\["(\w+)"\].*?\) -> Rows\[(.+?)\]:', stub, re.MULTILINE | re.DOTALL
    )
    assert overloads == [(stream.name, row_type(stream)) for stream in STREAMS]
    assert [name for name, _ in overloads] == list(NAMES)
