"""Tests of what is selected, and what they share."""

from msgspec.structs import replace

from source_pypi.selection.names import RequirementsFile


def without_origins(file: RequirementsFile) -> RequirementsFile:
    """The content of a file without lines, specifiers, markers and indexes, for tests of what is requested."""
    requested = tuple(replace(one, origin=None) for one in file.requested)
    return replace(file, requested=requested, pip_indexes=None, skipped=(), unnamed=())


def reasons(file: RequirementsFile) -> list[tuple[str, int | None, str | None]]:
    """The projects that a file has from elsewhere than an index, each with its line and the reason."""
    return [(one.project, one.origin.line if one.origin else None, one.not_read) for one in file.skipped]
