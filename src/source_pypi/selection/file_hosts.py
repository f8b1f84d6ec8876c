"""Packages of a lock file that names no index for them: the hosts of their files tell them apart.

Most packages of a lock file are from one index. A package whose files are all on another host is probably from another
index, and its name could be private.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from source_pypi.selection.names import Requested
from source_pypi.standards.index_urls import host_of


class FileHosts(Struct, frozen=True):
    """On which hosts the files of a lock file's packages are.

    :ivar expected: the host of the index that is read, if packages have files on it, or else the host that has files of
        the most packages. None: several hosts have files of as many packages.
    :ivar of_index: whether ``expected`` is the host of the index that is read.
    :ivar every: all hosts, those with files of the most packages first.
    """

    expected: str | None
    of_index: bool
    every: tuple[str, ...]

    def is_foreign(self, one: Requested) -> bool:
        """Whether the file names no index for a package and has none of its files from the expected host."""
        hosts = without_index(one)
        return bool(hosts) and self.expected not in hosts


def without_index(one: Requested) -> tuple[str, ...]:
    """The hosts of the files of a package for which a file names no index; empty: it names one, or has no URLs."""
    return one.origin.hosts if one.origin is not None and not one.origin.indexes else ()


def hosts_by_file(requested: Iterable[Requested], url: str) -> dict[str, FileHosts]:
    """The hosts of each file that has URLs, by its name.

    :param requested: the packages of all files.
    :param url: the index that is read.
    """
    counts: dict[str, Counter[str]] = {}
    for one in requested:
        if one.origin is not None and one.origin.hosts:
            counts.setdefault(one.origin.file, Counter()).update(one.origin.hosts)
    return {file: _hosts(count.most_common(), host_of(url)) for file, count in counts.items()}


def _hosts(counted: Sequence[tuple[str, int]], index_host: str | None) -> FileHosts:
    every = tuple(host for host, _ in counted)
    if index_host in every:
        return FileHosts(index_host, of_index=True, every=every)
    tied = len(counted) > 1 and counted[0][1] == counted[1][1]
    return FileHosts(None if tied else every[0], of_index=False, every=every)
