"""requirements.txt: the projects that pip would install from an index, and a warning for the rest."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.errors import RequirementsError
from source_pypi.selection.names import Requested, RequirementsFile, Unnamed
from source_pypi.selection.requirements_txt import read_requirements_text, read_requirements_txt
from tests.selection import reasons, without_origins


def requested(project: str, pin: str | None = None, *extras: str, versions: str = "") -> Requested:
    """A requested project; ``versions``: a range."""
    return Requested(NormalizedName(project), pin, frozenset(map(NormalizedName, extras)), range=versions)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, so that file names need no path."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, content: str | bytes) -> Path:
    """Write a file in the working directory."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flask", requested("flask")),
        ("  Flask  ", requested("flask")),
        ("Zope.Interface==5.0", requested("zope-interface", "5.0")),
        ("flask == 1.0", requested("flask", "1.0")),
        ("flask===2004d", requested("flask", "2004d")),
        ("flask (==1.0)", requested("flask", "1.0")),
        ("flask==1!2.0rc1+local.5", requested("flask", "1!2.0rc1+local.5")),
        ("flask==1.0,!=1.1", requested("flask", "1.0")),
        ("flask==1.*", requested("flask", versions="==1.*")),
        ("flask>=1,<2", requested("flask", versions="<2,>=1")),
        ("flask~=1.0", requested("flask", versions="~=1.0")),
        ("Flask[Async, dot_env]==3.0", requested("flask", "3.0", "async", "dot-env")),
        ('flask==1.0; python_version < "3.9" and sys_platform == "win32"', requested("flask", "1.0")),
        ("flask==1.0  # the web", requested("flask", "1.0")),
        ("flask==1.0;", requested("flask", "1.0")),
        ("flask ;  # on all platforms", requested("flask")),
        ("flask==1.0 ; --hash=sha256:0123", requested("flask", "1.0")),
        ("flask[async];", requested("flask", None, "async")),
        ("flask==1.0 --hash=sha256:0123 --hash=sha256:4567", requested("flask", "1.0")),
        ("flask --config-settings=-r=nothing.txt", requested("flask")),
        ("flask -r nothing.txt", requested("flask")),
    ],
)
def test_requirement_line(line: str, expected: Requested) -> None:
    """A line gives the project, its pin and its extras; markers and hashes are ignored."""
    assert without_origins(read_requirements_text(line, "text")) == RequirementsFile((expected,), ())


@pytest.mark.parametrize(
    "line",
    [
        "",
        " \t",
        "# flask",
        "   # flask \\",
        "--hash=sha256:0123",
        "-i https://packages.example.com/simple",
        "--index-url https://user:secret@packages.example.com/simple",
        "--index-url=https://packages.example.com/${SIMPLE}",
        "--extra-index-url https://packages.example.com/simple",
        "-f ./wheels",
        "--find-links './my wheels'",
        "--no-index",
        "--no-binary :all:",
        "--only-binary=flask",
        "--prefer-binary",
        "--require-hashes",
        "--pre",
        "--trusted-host packages.example.com",
        "--use-feature=fast-deps",
    ],
)
def test_blank_lines_comments_and_other_options_are_ignored(line: str) -> None:
    """Blank lines, comments and other options of pip request nothing and cause no warning."""
    assert without_origins(read_requirements_text(f"a\n{line}\nb", "text")) == RequirementsFile(
        (requested("a"), requested("b")), ()
    )


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("flask @ https://example.com/flask.whl", "a URL, not a project of an index: flask"),
        ("Flask@git+https://user:secret@example.com/flask", "a URL, not a project of an index: flask"),
        (
            "https://example.com/a.whl#sha256=0",
            "a URL, not a project of an index: https://example.com/a.whl#sha256=0",
        ),
        (
            "git+https://user:secret@example.com/a?token=secret",
            "a URL, not a project of an index: git+https://example.com/a",
        ),
        ("file:///srv/a", "a URL, not a project of an index: file:///srv/a"),
        (".", "a path, not a project of an index: ."),
        (".[dev]", "a path, not a project of an index: .[dev]"),
        ("./a", "a path, not a project of an index: ./a"),
        ("wheels/a-1.0-py3-none-any.whl", "a path, not a project of an index: wheels/a-1.0-py3-none-any.whl"),
        ("a\\b", "a path, not a project of an index: a\\b"),
        ("a-1.0-py3-none-any.whl[x]", "a path, not a project of an index: a-1.0-py3-none-any.whl[x]"),
        ("a-1.0.tar.gz", "a path, not a project of an index: a-1.0.tar.gz"),
        ("-e .", "editable, not a project of an index: ."),
        ("-e ./a[x]", "editable, not a project of an index: ./a[x]"),
        ("--editable=git+https://user:secret@example.com/a#egg=a[x]", "editable, not a project of an index: a"),
        ("-e git+ssh://git@example.com/a.git", "editable, not a project of an index: git+ssh://example.com/a.git"),
        ("-r other.txt", "a setting cannot include files: other.txt"),
        ("-cother.txt", "a setting cannot include files: other.txt"),
        ("flask==${VERSION}", "environment variable VERSION is not set: flask==${VERSION}"),
    ],
)
def test_other_sources_are_skipped_with_a_warning(line: str, note: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is not a project of an index is a warning with the line number and without credentials."""
    monkeypatch.setenv("VERSION", "1.0")
    expected = RequirementsFile((requested("a"), requested("b")), (f"text:2: skipped, {note}",))
    assert without_origins(read_requirements_text(f"a\n{line}\nb", "text")) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("fl ask", "'fl ask' is not a valid requirement: Expected "),
        ("flask=1.0", "'flask=1.0' is not a valid requirement: Expected "),
        ("flask==1.0/2", "'flask==1.0/2' is not a valid requirement: Expected "),
        ("caf\u00e9", "'caf\u00e9' is not a valid requirement: Expected package name"),
        ("flask_", "'flask_' cannot be a project: a name has ASCII letters"),
        ("flask; now", "'flask; now' is not a valid requirement: Expected a marker"),
        ("a @ https://user:secret@example.com b", "'a @ https://example.com b' is not a valid requirement: Expected "),
        (f"a{' ' * 100_000}b", f"'a{' ' * 99}' is not a valid requirement: it has more than 10,000 characters"),
        (f"a; {'(' * 4000}", f"'a; {'(' * 97}' is not a valid requirement: it is nested too deep"),
        ("a.whl[" * 50_000, "'a.whl[a.whl["),
        ("-e x " * 20_000, f"{('-e x ' * 20)!r} cannot be parsed: it has more than 10,000 characters"),
        ("\x00", "'\\x00' is not a valid requirement: Expected package name"),
        ("-r", "'-r' cannot be parsed: argument -r/--requirement: expected one argument"),
        ("-r 'a.txt", '"-r \'a.txt" cannot be parsed: No closing quotation'),
    ],
)
def test_invalid_line_is_refused(line: str, reason: str) -> None:
    """A line that pip refuses is an error of one line, with the line number and without credentials."""
    with pytest.raises(RequirementsError) as caught:
        read_requirements_text(f"a\n{line}\nb", "text")
    assert str(caught.value).startswith(f"text:2: {reason}")
    assert len(str(caught.value).splitlines()) == 1


COMPILED = r"""
# compiled from requirements.in
--index-url https://packages.example.com/simple

flask==3.0.0 \
    --hash=sha256:0123 \
    --hash=sha256:4567
    # via -r requirements.in
jinja2==\
3.1.2
# a comment ends nothing \
click==8.1.7 \
    # via flask
requests==2.31.0 \
"""


def test_continued_lines() -> None:
    """A backslash continues a line, also at the end of the file, but not in a comment."""
    expected = (
        requested("flask", "3.0.0"),
        requested("jinja2", "3.1.2"),
        requested("click", "8.1.7"),
        requested("requests", "2.31.0"),
    )
    assert without_origins(read_requirements_text(COMPILED, "text")) == RequirementsFile(expected, ())
    with pytest.raises(RequirementsError) as caught:
        read_requirements_text(f"{COMPILED}\n\n=\\\n=", "text")
    assert caught.value.line == 17


def test_included_files(folder: Path) -> None:
    """Included files are read in place, relative to the including file, each once; cycles end."""
    write("requirements.txt", "first\n-r sub/base.txt\n--requirement='sub/with blank.txt'\nlast\n-r sub/base.txt")
    write("sub/base.txt", "base\n-rdeeper/more.txt\n-e .")
    write("sub/deeper/more.txt", "more\n-r ../base.txt\n-r ../../requirements.txt\n--requirement more.txt")
    write("sub/with blank.txt", "blank==1\n-r https://user:secret@example.com/a.txt")
    assert without_origins(read_requirements_txt(Path("requirements.txt"))) == RequirementsFile(
        (requested("first"), requested("base"), requested("more"), requested("blank", "1"), requested("last")),
        (
            "sub/base.txt:3: skipped, editable, not a project of an index: .",
            "sub/with blank.txt:2: skipped, a URL, not a file: https://example.com/a.txt",
        ),
    )


def test_lines_that_name_no_project(folder: Path) -> None:
    """What a line may request without a name is kept, without credentials; what has a name is among the others."""
    write(
        "a.txt",
        "./b\nc @ ./c\n-e .\n-e ./d#egg=d\nflask==${NO_VERSION}\nhttps://ann:pw@example.com/e.zip?f=g\n-c h.txt",
    )
    write("h.txt", "./i\n-e ./j\nflask<${NO_VERSION}")
    file = read_requirements_txt(Path("a.txt"))
    assert file.unnamed == (
        Unnamed("./b", "a.txt:1: a path, not a project of an index"),
        Unnamed(".", "a.txt:3: editable, not a project of an index"),
        Unnamed("flask==${NO_VERSION}", "a.txt:5: environment variable NO_VERSION is not set"),
        Unnamed("https://example.com/e.zip", "a.txt:6: a URL, not a project of an index"),
        Unnamed("flask<${NO_VERSION}", "h.txt:3: environment variable NO_VERSION is not set"),
    )
    assert [one.project for one in file.skipped] == ["c", "d"]


def test_exact_constraint_pins_a_requested_project(folder: Path) -> None:
    """An exact constraint pins a project requested without a pin, wherever it stands, and requests nothing."""
    write("requirements.txt", "-c constraints.txt\nFlask[async]>=2\nclick==7.0\nrequests\n-r more.txt\nurllib3")
    write("more.txt", "jinja2\n-c sub/platforms.txt")
    write(
        "constraints.txt",
        "flask==3.0.0\nclick==8.1.7\nwerkzeug==3.0.1\nrequests<3\nurllib3 @ https://example.com/u.whl",
    )
    write(
        "sub/platforms.txt",
        "jinja2==3.0; python_version<'3.9'\njinja2==3.1; python_version>='3.9'\n-c ../constraints.txt",
    )
    assert without_origins(read_requirements_txt(Path("requirements.txt"))) == RequirementsFile(
        (
            requested("flask", "3.0.0", "async"),
            requested("click", "7.0"),
            replace(requested("requests"), range="<3"),
            requested("jinja2", "3.0"),
            requested("jinja2", "3.1"),
            requested("urllib3"),
        ),
        ("constraints.txt:5: skipped, a URL, not a project of an index: urllib3",),
    )


def test_constraints_limit_ranges(folder: Path) -> None:
    """A constraint that is no pin adds to the range of a project that is requested without a pin."""
    write("a.txt", "-c limits.txt\nflask>=2\nclick==7.0\nrequests\njinja2")
    write("limits.txt", "flask<3\nclick<8\nrequests!=2.1\nwerkzeug<3")
    requested = read_requirements_txt(Path("a.txt")).requested
    assert [(one.project, one.pin, one.range) for one in requested] == [
        ("flask", None, ">=2,<3"),
        ("click", "7.0", ""),
        ("requests", None, "!=2.1"),
        ("jinja2", None, ""),
    ]


def test_projects_from_elsewhere_are_kept_with_the_reason(folder: Path) -> None:
    """A project that a file has from a URL or as an editable one is kept, with its line and why it is not read."""
    write("a.txt", "flask @ https://example.com/f.whl\n-e git+https://example.com/a#egg=A.b[x]\n-e .\n./c\n-c b.txt")
    write("b.txt", "click @ https://example.com/c.whl")
    assert reasons(read_requirements_txt(Path("a.txt"))) == [
        ("flask", 1, "its file has it from a URL"),
        ("a-b", 2, "its file has it as an editable project"),
    ]


def test_environment_variables_are_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables are replaced by their values, and no message shows a value."""
    monkeypatch.setenv("VERSION", "1.0")
    monkeypatch.setenv("WHERE", "sub")
    monkeypatch.setenv("TOKEN", "s/ecret")
    monkeypatch.setenv("EMPTY", "")
    write("sub/more.txt", "more")
    write(
        "a.txt", "flask==${VERSION}\n-r ${WHERE}/more.txt\n-e git+https://${TOKEN}@example.com/a\n${TOKEN}\n-c ${EMPTY}"
    )
    assert without_origins(read_requirements_txt(Path("a.txt"))) == RequirementsFile(
        (requested("flask", "1.0"), requested("more")),
        (
            "a.txt:3: skipped, editable, not a project of an index: git+https://example.com/a",
            "a.txt:4: skipped, a path, not a project of an index: ${TOKEN}",
            "a.txt:5: skipped, environment variable EMPTY is not set: ${EMPTY}",
        ),
    )
    monkeypatch.setenv("TOKEN", "sec ret")
    with pytest.raises(RequirementsError, match=r"^a\.txt:4: '\$\{TOKEN\}' is not a valid requirement"):
        read_requirements_txt(Path("a.txt"))


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfflask # caf\xc3\xa9",
        b"\xef\xbb\xbf# coding: utf-8\nflask",
        b"# -*- coding: latin-1 -*-\nflask # caf\xe9",
        b"# one\n# vim: set fileencoding=cp1252:\nflask # \x80",
        "flask # caf\u00e9".encode("utf-16"),
        b"\xfe\xff" + "flask".encode("utf-16-be"),
        "flask".encode("utf-32"),
        b"flask\r\n\r\n# with carriage returns\r\n",
    ],
)
def test_encoding_from_byte_order_mark_or_declaration(folder: Path, content: bytes) -> None:
    """A file has the encoding of its byte order mark or declaration, otherwise UTF-8."""
    assert without_origins(read_requirements_txt(write("a.txt", content))) == RequirementsFile(
        (requested("flask"),), ()
    )


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"flask\n# caf\xe9\n", 2, "is not valid UTF-8: byte 0xe9"),
        (b"# caf\xe9\n\n# coding: latin-1", 1, "is not valid UTF-8: byte 0xe9"),
        (b"# coding: ascii\n\n# caf\xc3\xa9", 3, "is not valid ASCII: byte 0xc3"),
        (b"# coding: klingon\nflask", None, "cannot be read: unknown encoding 'klingon'"),
        (b"# coding: hex\nflask", None, "cannot be read: unknown encoding 'hex'"),
    ],
)
def test_bytes_invalid_in_the_encoding_are_refused(folder: Path, content: bytes, line: int | None, reason: str) -> None:
    """Bytes that are invalid in the encoding are an error with their line."""
    with pytest.raises(RequirementsError) as caught:
        read_requirements_txt(write("a.txt", content))
    assert caught.value.args == ("a.txt", line, reason)


def test_missing_included_file_is_refused(folder: Path) -> None:
    """An included file that cannot be read is an error with its name and the including line."""
    with pytest.raises(RequirementsError) as caught:
        read_requirements_txt(Path("no.txt"))
    assert caught.value.args == ("no.txt", None, "cannot be read: No such file or directory")
    for name, reason in (
        ("sub", "Is a directory"),
        ("no.txt", "No such file or directory"),
        ("\0", "embedded null byte"),
    ):
        write("sub/a.txt", f"flask\n-r ../{name}")
        with pytest.raises(RequirementsError) as caught:
            read_requirements_txt(Path("sub/a.txt"))
        assert caught.value.args == ("sub/a.txt", 2, f"sub/../{name} cannot be read: {reason}")


@settings(deadline=None)
@given(st.text(st.sampled_from("a1=<.;@[]-_ec#\\/'\"$ {}\n:"), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Any text is read, or refused with one of our errors."""
    with suppress(RequirementsError):
        named = read_requirements_text(text, "text")
        assert len(named.requested) + len(named.warnings) <= len(text)


def test_endless_file_is_refused() -> None:
    """A file above the size limit is refused, not read to its end."""
    with pytest.raises(RequirementsError) as caught:
        read_requirements_txt(Path("/dev/zero"))
    assert str(caught.value) == "/dev/zero: is larger than 64 MB"


def test_many_options_are_parsed_quickly() -> None:
    """Thousands of option lines take no longer than as many projects."""
    began = time.process_time()
    named = read_requirements_text("-e x\n" * 20_000, "text")
    assert len(named.warnings) == 20_000
    assert time.process_time() - began < 5
