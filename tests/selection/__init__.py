"""Tests of what is selected, and what they share."""

from msgspec.structs import replace

from source_pypi.selection.names import RequirementsFile


def without_origins(file: RequirementsFile) -> RequirementsFile:
    """The content of a file without lines, specifiers, markers and indexes, for tests of what is requested."""
    return replace(file, requested=tuple(replace(one, origin=None) for one in file.requested), pip_indexes=None)
