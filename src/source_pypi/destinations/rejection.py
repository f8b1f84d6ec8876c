"""Packages that a store refuses: written again by halves, so that only the projects at fault fail."""

from collections.abc import Callable, Sequence

from source_pypi.errors import DestinationError

#: Projects that a store may refuse before it accepts one of a package; if it refuses more, the store is at fault.
MOST_REJECTED = 10

#: Writes some projects of a package; returns why the store refuses them, or None.
Write = Callable[[Sequence[str]], DestinationError | None]


def write_by_halves(projects: Sequence[str], write: Write, error: DestinationError) -> dict[str, DestinationError]:
    """Write the projects of a package that the store refused, and return those that it refuses, with the reason.

    :param projects: the projects, at least one.
    :param error: why it refused the package.
    :raises DestinationError: ``error``, when the store accepts nothing, or refuses all of several projects.
    """
    rejected, accepted, parts = dict[str, DestinationError](), 0, _halves(projects)
    while parts:
        some = parts.pop()
        refused = write(some)
        if refused is None:
            accepted += len(some)
        elif len(some) > 1:
            parts += _halves(some)
        else:
            rejected[some[0]] = refused
        if not accepted and (len(rejected) == len(projects) > 1 or len(rejected) > MOST_REJECTED):
            raise error
    return rejected


def _halves(projects: Sequence[str]) -> list[Sequence[str]]:
    """The halves that are not empty; the first half is the last one."""
    middle = len(projects) // 2
    return [half for half in (projects[middle:], projects[:middle]) if half]
