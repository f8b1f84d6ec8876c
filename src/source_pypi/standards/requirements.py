"""Requirements (PEP 508).

Markers may have variables that this release of ``packaging`` does not know, as later standards add them
(``variant_label``, ``sys_abi_features``). Such a marker is read like any other, and written as it is.
"""

import re
from collections.abc import Mapping
from contextlib import suppress

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.safety.limits import LONGEST_PARSED, cached_if_short

#: A name at the beginning of a requirement; what follows must not make it a part of a URL or a path.
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?![\w+:/\\])")
#: An address as ssh has it, ``git@host:path``: to PEP 508, a project called git.
_SCP = re.compile(r"\s*[\w.-]++@[\w.-]++:(?!/)")
_EXTRAS = re.compile(r"\[([^\[\]]*)\]")
_EXTRA = re.compile(r"""extra == "([^"]*)"|"([^"]*)" == extra""")


#: A quoted text in a marker, or a word.
_WORD = re.compile(r"""("[^"]*"|'[^']*')|(?<![\w.])([A-Za-z_]\w*(?:\.\w+)*)""")
#: Variables that stand in for unknown ones, since ``packaging`` reads all of these alike.
_STAND_INS = (
    "platform_version",
    "platform_release",
    "platform_machine",
    "platform_system",
    "implementation_version",
    "implementation_name",
    "os_name",
    "sys_platform",
)
#: The other words of a marker that ``packaging`` knows.
_KNOWN_WORDS = frozenset(
    {
        *("and", "or", "in", "not", "extra", "extras", "dependency_groups"),
        *("python_version", "python_full_version", "python_implementation", "platform_python_implementation"),
        *("os.name", "sys.platform", "platform.version", "platform.machine", "platform.python_implementation"),
    }
)


class OpenMarker(Marker):
    """A marker with variables that ``packaging`` does not know; ``str`` writes it with these names.

    It cannot be evaluated.

    :param names: the unknown variables, by what stands for each in ``marker``.
    """

    def __init__(self, marker: str, names: Mapping[str, str]) -> None:
        super().__init__(marker)
        self._names = dict(names)

    def __str__(self) -> str:
        return _WORD.sub(lambda word: word[1] or self._names.get(word[2], word[2]), super().__str__())


@cached_if_short()
def parse_requirement(text: str) -> Requirement | None:
    """The requirement; None if ``read_requirement`` raises. Results are cached, since texts repeat."""
    try:
        return read_requirement(text)
    except InvalidRequirement:
        return None


def read_requirement(text: str) -> Requirement:
    """The requirement.

    :raises InvalidRequirement: when it violates PEP 508, or is too long, or nested too deep.
    """
    if len(text) > LONGEST_PARSED:
        raise InvalidRequirement(f"it has more than {LONGEST_PARSED:,} characters")
    try:
        return _requirement(text)
    except RecursionError as error:
        raise InvalidRequirement("it is nested too deep") from error


def _requirement(text: str) -> Requirement:
    """The requirement, also if its marker has unknown variables.

    :raises InvalidRequirement: when it violates PEP 508 otherwise.
    """
    try:
        return Requirement(text)
    except InvalidRequirement:
        with suppress(InvalidRequirement):
            if (requirement := _with_unknown_variables(text)) is not None:
                return requirement
        raise


def _with_unknown_variables(text: str) -> Requirement | None:
    """The requirement with a marker that has unknown variables; None: its marker has none, or too many.

    :raises InvalidRequirement: when it violates PEP 508 otherwise.
    """
    separator = " ;" if "@" in text else ";"  # a URL may contain a semicolon
    head, _, marker = text.partition(separator)
    words = {word[2] for word in _WORD.finditer(marker) if word[2]}
    unknown = sorted(words - _KNOWN_WORDS - set(_STAND_INS))
    free = [name for name in _STAND_INS if name not in words and name.replace("_", ".", 1) not in words]
    if not unknown or len(unknown) > len(free):
        return None
    stand_ins = dict(zip(unknown, free, strict=False))
    closed = _WORD.sub(lambda word: word[1] or stand_ins.get(word[2], word[2]), marker)
    requirement = Requirement(f"{head}{separator}{closed}")
    requirement.marker = OpenMarker(closed, {name: word for word, name in stand_ins.items()})
    return requirement


def required_project(text: str) -> NormalizedName | None:
    """The name of the project that a text requires, also if PEP 508 does not allow the rest of it.

    None: it has no name, e.g. because it is only a URL or a path.
    """
    match = _NAME.match(text[:LONGEST_PARSED])
    return canonicalize_name(match[1]) if match and not _SCP.match(text) else None


def lenient_requirement(text: str) -> Requirement | None:
    """A requirement whose name can be read. What PEP 508 does not allow is left out: versions first, then the marker.

    Old releases have such requirements: ``pytz (>dev)``. None: no name can be read.
    """
    name = required_project(text)
    if name is None:
        return None
    head, _, marker = text.partition(";")
    listed = _EXTRAS.search(head)
    extras = f"[{listed[1]}]" if listed else ""
    for candidate in (text, f"{name}{extras}; {marker}", f"{name}; {marker}", f"{name}{extras}", name):
        if (requirement := parse_requirement(candidate)) is not None:
            return requirement
    return None


def pinned_version(specifiers: SpecifierSet) -> str | None:
    """The only version that the specifiers allow; None if they allow several."""
    exact = [spec.version for spec in specifiers if spec.operator in ("==", "===") and not spec.version.endswith(".*")]
    return exact[0] if exact else None


def extras_named(marker: Marker | None) -> frozenset[NormalizedName]:
    """The extras that a marker requires; empty: it may be true without an extra.

    A marker requires an extra only if each of its alternatives does: ``extra == "x" or python_version < "3"`` does not.
    """
    try:
        return _named(str(marker)) if marker is not None else frozenset()
    except RecursionError:  # a hostile marker must not end the run
        return frozenset()


def _named(text: str) -> frozenset[NormalizedName]:
    alternatives = [_named(part) for part in parts] if len(parts := _split(text, " or ")) > 1 else []
    if alternatives:
        return frozenset().union(*alternatives) if all(alternatives) else frozenset()
    conditions = _split(text, " and ")
    if len(conditions) > 1:
        return frozenset().union(*map(_named, conditions))
    if text.startswith("("):
        return _named(text[1:-1])
    match = _EXTRA.fullmatch(text)
    return frozenset({canonicalize_name(match[1] or match[2])}) if match else frozenset()


def _split(text: str, word: str) -> list[str]:
    """Split the text of a marker at ``and`` or ``or`` outside of parentheses and quotes."""
    parts, depth, start, quoted = [], 0, 0, False
    for position, char in enumerate(text):
        quoted ^= char == '"'
        depth += (char == "(") - (char == ")") if not quoted else 0
        if not depth and not quoted and text.startswith(word, position):
            parts.append(text[start:position])
            start = position + len(word)
    return [*parts, text[start:]]
