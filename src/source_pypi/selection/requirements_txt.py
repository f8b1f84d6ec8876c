"""requirements.txt in pip's format: lines, options, and the files that it includes.

``-r`` and ``-c`` include files. ``-e``, a URL and a path are not projects of an index. ``-i``, ``--extra-index-url``,
``-f`` and ``--no-index`` say where the projects are. Other options are ignored. No well-kept library parses the format,
and pip's own parser is private, so this parser follows pip's rules.
"""

import functools
import os
import re
import shlex
from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement
from packaging.utils import NormalizedName

from source_pypi.errors import ProjectNameError, RequirementsError
from source_pypi.safety.limits import LONGEST_PARSED
from source_pypi.safety.redaction import without_credentials
from source_pypi.selection.file_formats import byte_order, decode, read_bytes
from source_pypi.selection.names import (
    NamedIndex,
    Origin,
    Requested,
    RequirementsFile,
    Unnamed,
    named_index,
    project_name,
    public_index,
    requested_by,
)
from source_pypi.standards.requirements import read_requirement

#: The encoding that a file declares in its first two lines (PEP 263).
_DECLARED = re.compile(rb"(?:[^\n]*\n)??#[^\n]*coding[:=]\s*([-\w.]+)")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_OPTIONS = re.compile(r"(?:^|(?<=\s))(?=-)")
#: An option that names an index, also where pip ignores it: behind a requirement.
_INDEX_OPTION = re.compile(r"(?:^|\s)(?:-i|-f|--index|--pypi|--extra-i|--find|--no-i)")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://|file:|git@)", re.IGNORECASE)
_PATH = re.compile(r"\.|[^\s<>=!~;@]*[/\\]")
_ARCHIVE = re.compile(r"\S+\.(?:whl|zip|tar|tgz|tbz|txz|tar\.(?:gz|bz2|xz))(?:\[[^\]]*\])?", re.IGNORECASE)


def read_requirements_txt(path: Path) -> RequirementsFile:
    """The projects that a requirements.txt and the files that it includes name.

    An exact constraint pins a project that is requested without a pin, another one limits its versions; it does not
    request the project.

    :raises RequirementsError: if a file cannot be read, or a line is not a valid requirement.
    """
    parser = _Parser()
    parser.file(path, read_bytes(path))
    return parser.result()


def read_requirements_text(text: str, title: str) -> RequirementsFile:
    """The projects that a text in the format of a requirements.txt names; it cannot include files.

    :param title: the text's name in warnings and errors.
    :raises RequirementsError: if a line is not a valid requirement.
    """
    parser = _Parser()
    parser.text(text, _Line(title))
    return parser.result()


class _Line(Struct, frozen=True):
    """The position of a line; ``path`` is None in a text of the settings."""

    title: str
    path: Path | None = None
    constraint: bool = False
    number: int = 0

    def warning(self, reason: str, skipped: str) -> str:
        return f"{self.title}:{self.number}: skipped, {reason}: {_shown(skipped)}"

    def unnamed(self, reason: str, skipped: str) -> Unnamed:
        return Unnamed(_shown(skipped), f"{self.title}:{self.number}: {reason}")

    def error(self, reason: str) -> RequirementsError:
        return RequirementsError(self.title, self.number, reason)


class _Parser(Struct):
    """Collects the requirements of a file and of the files that it includes."""

    requested: list[Requested] = field(default_factory=list)
    indexes: list[NamedIndex] = field(default_factory=list)
    only_named: bool = False
    constraints: dict[NormalizedName, dict[str, None]] = field(default_factory=dict)
    limits: dict[NormalizedName, dict[str, None]] = field(default_factory=dict)
    skipped: list[Requested] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unnamed: list[Unnamed] = field(default_factory=list)
    parsed_files: set[tuple[str, bool]] = field(default_factory=set)

    def result(self) -> RequirementsFile:
        """The requested projects; constraints pin or limit those that are requested without a pin."""
        requested: list[Requested] = []
        for one in self.requested:
            pins = self.constraints.get(one.project, {}) if one.pin is None else {}
            limits = dict.fromkeys(filter(None, (one.range, *self.limits.get(one.project, {}))))
            limited = replace(one, range=",".join(limits)) if one.pin is None else one
            requested += [replace(one, pin=pin, range="") for pin in pins] or [limited]
        return RequirementsFile(
            tuple(requested), tuple(self.warnings), self._named_indexes(), tuple(self.skipped), tuple(self.unnamed)
        )

    def _named_indexes(self) -> tuple[NamedIndex, ...]:
        """Where the projects may be. pip's options hold for all files: every index that any of them names counts."""
        if not self.indexes or self.only_named:
            return tuple(self.indexes)
        return (public_index(), *self.indexes)

    def file(self, path: Path, content: bytes, *, constraint: bool = False) -> None:
        """Parse a file's content, once, because files may include each other."""
        key = (os.path.realpath(path), constraint)
        if key not in self.parsed_files:
            self.parsed_files.add(key)
            self.text(_decode(content, str(path)), _Line(str(path), path, constraint))

    def text(self, text: str, first: _Line) -> None:
        """Parse the lines of a text."""
        for number, content in _lines(text):
            line = replace(first, number=number)
            requirement, *options = _OPTIONS.split(content, maxsplit=1)
            if requirement.strip():  # options after it, such as hashes, concern the installation
                self._requirement(requirement.strip(), line)
                if options and _INDEX_OPTION.search(options[0]):
                    self._index_options(_parse_options(options[0], line), line)
            else:
                self._options(_parse_options(options[0], line), line)

    def _requirement(self, raw: str, line: _Line) -> None:
        text = self._expand(raw, line)
        if text is None:
            return
        text = text.rstrip()
        text = text[:-1].rstrip() if text.endswith(";") else text  # to pip, an empty marker is none
        if (kind := _other_source(text[:LONGEST_PARSED])) is not None:
            self._skip(f"{kind}, not a project of an index", raw, line, requests=not line.constraint)
            return
        try:
            requirement = read_requirement(text)
            requested = requested_by(requirement, line.title, line.number)
        except InvalidRequirement as error:
            raise line.error(f"{_printable(raw)!r} is not a valid requirement: {str(error).splitlines()[0]}") from error
        except ProjectNameError as error:
            raise line.error(str(error)) from error
        if requirement.url:
            self.warnings.append(line.warning("a URL, not a project of an index", requested.project))
            if not line.constraint:
                self.skipped.append(replace(requested, not_read="its file has it from a URL"))
        elif line.constraint:
            self._constrain(requested)
        else:
            self.requested.append(requested)

    def _constrain(self, requested: Requested) -> None:
        if requested.pin is not None:
            self.constraints.setdefault(requested.project, {})[requested.pin] = None
        elif requested.range:
            self.limits.setdefault(requested.project, {})[requested.range] = None

    def _options(self, options: Namespace, line: _Line) -> None:
        for raw in options.editable:
            name = re.search(r"[#&]egg=([^&\[]+)", raw)
            shown = name[1] if name else raw
            named = self._skip_editable(name[1] if name else "", line)
            self._skip("editable, not a project of an index", shown, line, requests=not named and not line.constraint)
        self._index_options(options, line)
        for raw in options.requirement:
            self._include(raw, line, constraint=False)
        for raw in options.constraint:
            self._include(raw, line, constraint=True)

    def _skip(self, reason: str, raw: str, line: _Line, *, requests: bool = True) -> None:
        """Warn of what is not read.

        :param requests: whether it may request a project.
        """
        self.warnings.append(line.warning(reason, raw))
        if requests:
            self.unnamed.append(line.unnamed(reason, raw))

    def _skip_editable(self, name: str, line: _Line) -> bool:
        """Keep the name of an editable project; return whether it has a valid one."""
        with suppress(ProjectNameError):
            origin = Origin(line.title, line.number)
            reason = "its file has it as an editable project"
            self.skipped.append(Requested(project_name(name), origin=origin, not_read=reason))
            return True
        return False

    def _index_options(self, options: Namespace, line: _Line) -> None:
        """Note the indexes and folders that a line names, and whether they replace the public index."""
        environment = os.environ if line.path is not None else {}
        for raw in (*options.index_url, *options.extra_index_url, *options.find_links):
            url = _VARIABLE.sub(lambda match: environment.get(match[1]) or match[0], raw)
            self.indexes.append(named_index(url, raw if url != raw else None))
        if options.no_index:
            self.indexes.append(NamedIndex("--no-index", "no index (--no-index)"))
        self.only_named = self.only_named or bool(options.index_url) or options.no_index

    def _include(self, raw: str, line: _Line, *, constraint: bool) -> None:
        """Parse a file that a line includes. Its path is relative to the including file."""
        if line.path is None:
            self._skip("a setting cannot include files", raw, line)
        elif _URL.match(raw):
            self._skip("a URL, not a file", raw, line)
        elif (name := self._expand(raw, line)) is not None:
            path = line.path.parent / name
            try:
                content = read_bytes(path)
            except RequirementsError as error:
                raise line.error(f"{path} {error.reason}") from error
            self.file(path, content, constraint=constraint)

    def _expand(self, raw: str, line: _Line) -> str | None:
        """The text with its environment variables replaced; None, and a warning, if one is not set.

        As in pip, only ``${UPPER_CASE}`` is a variable. In a text of the settings no variable is set, because its
        author may not be the owner of the environment. Messages show the text before replacement, because a variable
        may contain a secret.
        """
        environment = os.environ if line.path is not None else {}
        for name in _VARIABLE.findall(raw):
            if not environment.get(name):
                self._skip(f"environment variable {name} is not set", raw, line)
                return None
        return _VARIABLE.sub(lambda match: environment[match[1]], raw)


def _decode(content: bytes, file: str) -> str:
    """The text of a file: in the encoding of its byte order mark, or the declared one (PEP 263), or UTF-8."""
    declared = _DECLARED.match(content)
    return decode(content, file, byte_order(content) or (declared[1].decode() if declared else "utf-8-sig"))


def _other_source(text: str) -> str | None:
    """The kind of a requirement without a name, such as a file name of an archive; None: it must have a name."""
    if _URL.match(text):
        return "a URL"
    return "a path" if _PATH.match(text) or _ARCHIVE.fullmatch(text) else None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines without comments, each with its first line number. A backslash at the end continues a line.

    As in pip, a comment ends a continued line, and a backslash at its end has no effect.
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


def _parse_options(text: str, line: _Line) -> Namespace:
    """The options of a line that say what to request, and where it is; others are ignored."""
    if len(text) > LONGEST_PARSED:
        raise line.error(f"{_printable(text)!r} cannot be parsed: it has more than {LONGEST_PARSED:,} characters")
    try:
        return _option_parser().parse_known_args(shlex.split(text))[0]
    except (ArgumentError, ValueError) as error:
        raise line.error(f"{_printable(text)!r} cannot be parsed: {error}") from error


@functools.cache
def _option_parser() -> ArgumentParser:
    parser = ArgumentParser(add_help=False, allow_abbrev=True, exit_on_error=False)
    for short, long in (("-r", "--requirement"), ("-c", "--constraint"), ("-e", "--editable")):
        parser.add_argument(short, long, action="append", default=[])
    parser.add_argument("-i", "--index-url", "--pypi-url", action="append", default=[])
    parser.add_argument("--extra-index-url", action="append", default=[])
    parser.add_argument("-f", "--find-links", action="append", default=[])
    parser.add_argument("--no-index", action="store_true")
    return parser


def _shown(raw: str) -> str:
    return _printable(raw.partition("?")[0])


def _printable(raw: str) -> str:
    return without_credentials(raw)[:100]
