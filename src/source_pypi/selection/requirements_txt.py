"""requirements.txt, as pip reads it: lines, options, and the files that it names.

Of pip's options, four matter here: ``-r`` and ``-c`` name further files, and ``-e`` and a bare address or path are no
project of an index. No library reads the format and is kept well (pip's own reader is private), so this follows pip's.
"""

import functools
import os
import re
import shlex
from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement
from packaging.utils import NormalizedName

from source_pypi.errors import ProjectNameError, RequirementsError
from source_pypi.safety.limits import LONGEST_PARSED
from source_pypi.safety.redaction import without_credentials
from source_pypi.selection.file_formats import decode, read_bytes
from source_pypi.selection.names import Requested, RequirementsFile, requested_by
from source_pypi.standards.requirements import read_requirement

_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
#: The encoding that a file declares in its first two lines (PEP 263).
_DECLARED = re.compile(rb"(?:[^\n]*\n)??#[^\n]*coding[:=]\s*([-\w.]+)")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_OPTIONS = re.compile(r"(?:^|(?<=\s))(?=-)")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|file:|git@)", re.IGNORECASE)
_PATH = re.compile(r"\.|[^\s<>=!~;@]*[/\\]")
_ARCHIVE = re.compile(r"\S+\.(?:whl|zip|tar|tgz|tbz|txz|tar\.(?:gz|bz2|xz))(?:\[[^\]]*\])?", re.IGNORECASE)


def read_requirements_txt(path: Path) -> RequirementsFile:
    """The projects that a requirements.txt names, and the files that it names in turn.

    An exact constraint pins a project that is asked for without a pin, and asks for nothing by itself.

    :raises RequirementsError: when a file cannot be read, or a line in it is no requirement.
    """
    reading = _Reading()
    reading.file(path, read_bytes(path))
    return reading.named()


def read_requirements_text(text: str, title: str) -> RequirementsFile:
    """The projects that a text in the form of a requirements.txt names; there are no files beside it.

    :param title: what the text is called in notes and errors.
    :raises RequirementsError: when a line is no requirement.
    """
    reading = _Reading()
    reading.text(text, _Place(title))
    return reading.named()


class _Place(Struct, frozen=True):
    """Where a line stands; ``path`` is None in a text that is no file."""

    title: str
    path: Path | None = None
    constraint: bool = False
    line: int = 0

    def note(self, why: str, what: str) -> str:
        return f"{self.title}:{self.line}: skipped, {why}: {_shown(what.partition('?')[0])}"

    def error(self, reason: str) -> RequirementsError:
        return RequirementsError(self.title, self.line, reason)


class _Reading(Struct):
    """What was found so far, in a file and the files that it names."""

    asked: list[Requested] = field(default_factory=list)
    constraints: dict[NormalizedName, dict[str, None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seen: set[tuple[str, bool]] = field(default_factory=set)

    def named(self) -> RequirementsFile:
        """What was asked for, pinned as the constraints have it where it was not pinned itself."""
        asked: list[Requested] = []
        for one in self.asked:
            pins = self.constraints.get(one.project, {}) if one.pin is None else {}
            asked += [replace(one, pin=pin) for pin in pins] or [one]
        return RequirementsFile(tuple(asked), tuple(self.notes))

    def file(self, path: Path, content: bytes, *, constraint: bool = False) -> None:
        """Read a file's content, once: files may name each other."""
        key = (os.path.realpath(path), constraint)
        if key not in self.seen:
            self.seen.add(key)
            self.text(_decode(content, str(path)), _Place(str(path), path, constraint))

    def text(self, text: str, place: _Place) -> None:
        """Read the lines of a text."""
        for number, line in _lines(text):
            here = replace(place, line=number)
            requirement, *options = _OPTIONS.split(line, maxsplit=1)
            if requirement.strip():  # the options behind it, such as its hashes, are about the way it is installed
                self._requirement(requirement.strip(), here)
            else:
                self._options(_parse_options(options[0], here), here)

    def _requirement(self, written: str, place: _Place) -> None:
        text = self._expanded(written, place)
        if text is None:
            return
        if (what := _elsewhere(text[:LONGEST_PARSED])) is not None:
            self.notes.append(place.note(f"{what} and not an index's project", written))
            return
        try:
            requirement = read_requirement(text)
            asked = requested_by(requirement)
        except InvalidRequirement as error:
            raise place.error(f"{_shown(written)!r} is no requirement: {str(error).splitlines()[0]}") from error
        except ProjectNameError as error:
            raise place.error(str(error)) from error
        if requirement.url:
            self.notes.append(place.note("an address and not an index's project", asked.project))
        elif not place.constraint:
            self.asked.append(asked)
        elif asked.pin is not None:
            self.constraints.setdefault(asked.project, {})[asked.pin] = None

    def _options(self, options: Namespace, place: _Place) -> None:
        for written in options.editable:
            name = re.search(r"[#&]egg=([^&\[]+)", written)
            self.notes.append(place.note("editable and not an index's project", name[1] if name else written))
        for written in options.requirement:
            self._further(written, place, constraint=False)
        for written in options.constraint:
            self._further(written, place, constraint=True)

    def _further(self, written: str, place: _Place, *, constraint: bool) -> None:
        """Read a file that a line names: its path is relative to the file that has the line."""
        if place.path is None:
            self.notes.append(place.note("no files beside a setting", written))
        elif _ADDRESS.match(written):
            self.notes.append(place.note("an address and not a file", written))
        elif (name := self._expanded(written, place)) is not None:
            path = place.path.parent / name
            try:
                content = read_bytes(path)
            except RequirementsError as error:
                raise place.error(f"{path} {error.reason}") from error
            self.file(path, content, constraint=constraint)

    def _expanded(self, written: str, place: _Place) -> str | None:
        """A text with its variables replaced; None, and a note, where one is not set.

        As in pip, only ``${UPPER_CASE}`` is a variable. A setting has none: it comes from elsewhere than the
        environment does. Messages show what was written, since a variable may hold a secret.
        """
        environment = os.environ if place.path is not None else {}
        for name in _VARIABLE.findall(written):
            if not environment.get(name):
                self.notes.append(place.note(f"the variable {name} is not set", written))
                return None
        return _VARIABLE.sub(lambda match: environment[match[1]], written)


def _decode(content: bytes, file: str) -> str:
    """The text of a file: by its byte order mark, by what it declares (PEP 263), or else UTF-8."""
    marked = next((encoding for bom, encoding in _BOMS if content.startswith(bom)), None)
    declared = _DECLARED.match(content)
    return decode(content, file, marked or (declared[1].decode() if declared else "utf-8-sig"))


def _elsewhere(text: str) -> str | None:
    """What a requirement without a name is; None: it should have a name. An archive's file name reads as one."""
    if _ADDRESS.match(text):
        return "an address"
    return "a path" if _PATH.match(text) or _ARCHIVE.fullmatch(text) else None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Whole lines without comments, each with the number of its first: a backslash at the end joins the next one.

    As in pip, a comment ends what was being joined, and a backslash in it means nothing.
    """
    first, joined = 0, ""
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        comment = line.lstrip().startswith("#")
        first = first or number
        if line.endswith("\\") and not comment:
            joined += line.rstrip("\\")
            continue
        whole = _COMMENT.sub("", f"{joined} {line}" if comment else joined + line).strip()
        if whole:
            yield first, whole
        first, joined = 0, ""


def _parse_options(text: str, place: _Place) -> Namespace:
    """The options that matter, of a line of them; what others take is nothing to us."""
    if len(text) > LONGEST_PARSED:
        raise place.error(f"{_shown(text)!r} cannot be understood: it has more than {LONGEST_PARSED:,} characters")
    try:
        return _parser().parse_known_args(shlex.split(text))[0]
    except (ArgumentError, ValueError) as error:
        raise place.error(f"{_shown(text)!r} cannot be understood: {error}") from error


@functools.cache
def _parser() -> ArgumentParser:
    parser = ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for short, long in (("-r", "--requirement"), ("-c", "--constraint"), ("-e", "--editable")):
        parser.add_argument(short, long, action="append", default=[])
    return parser


def _shown(written: str) -> str:
    return without_credentials(written)[:100]
