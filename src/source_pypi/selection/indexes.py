"""From which index each project may be requested.

A project is requested only from the index that its file names, or that the user chose. A name that a file takes from
another index may be private: an index that is asked for it could answer with another project of that name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.config import Config
from source_pypi.safety.wording import counted, some_of
from source_pypi.selection.file_hosts import FileHosts, hosts_by_file, without_index
from source_pypi.selection.names import NamedIndex, Requested, RequirementsFile, on_indexes
from source_pypi.standards.index_urls import default_url, index_title, is_public, same_index

#: The number of projects that a warning names.
_MAX_NAMED = 5
#: Why a project is not requested although its own file allows it.
_OF_OTHERS = "another file has a project of this name from another index"


class Allowed(Struct, frozen=True):
    """What may be requested from an index.

    :ivar requested: the projects that may be.
    :ivar elsewhere: the names of projects that may not be.
    :ivar warnings: a line for each file and each index that it names, or each host of files for which it names none.
    :ivar every: all that was given, in its order; what may not be requested has the reason (``Requested.not_read``).
    """

    requested: tuple[Requested, ...] = ()
    elsewhere: frozenset[NormalizedName] = frozenset()
    warnings: tuple[str, ...] = ()
    every: tuple[Requested, ...] = ()


def with_pip_indexes(files: Iterable[RequirementsFile]) -> list[RequirementsFile]:
    """Files whose projects have their indexes: options of pip hold for all files in its format of a command."""
    files = list(files)
    shared = dict.fromkeys(index for file in files for index in file.pip_indexes or ())
    return [
        replace(file, requested=tuple(on_indexes(one, shared) for one in file.requested))
        if file.pip_indexes is not None
        else file
        for file in files
    ]


def allowed(requested: Sequence[Requested], config: Config) -> Allowed:
    """The projects that may be requested from the index of a configuration, and a warning for the others.

    What has a reason not to be requested already (``Requested.not_read``) keeps it.

    A project without a file may always be. One of a file may be if the file names this index for it, or none, or the
    public one where this index stands in for it: where no file names this index. If a file has the project from several
    indexes, the user must have chosen one of them. If one file says that a project is on another index, a file that
    names no index does not allow it. If a lock file names no index for a package, and has its files from
    another host than those of most packages, the package is on another index (``file_hosts.py``).
    """
    candidates = [one for one in requested if one.not_read is None]
    if config.any_index:
        return Allowed(tuple(candidates), every=tuple(requested))
    url = config.index_url or default_url()
    named = {index.url for one in candidates if one.origin for index in one.origin.indexes}
    stands_in = config.index_url is not None and not any(same_index(one, url) for one in named)
    hosts = hosts_by_file(requested, url)
    kept, skipped, foreign, places = [], [], [], set()
    for one in candidates:
        indexes = one.origin.indexes if one.origin else ()
        if one.origin is not None and one.origin.hosts and hosts[one.origin.file].is_foreign(one):
            foreign.append(one)
        elif _is_on(indexes, url, chosen=config.index_url is not None, stands_in=stands_in):
            kept.append(one)
            places |= {one.project} if _names_place(one, hosts) else set()
        else:
            skipped.append(one)
    elsewhere = frozenset(one.project for one in (*skipped, *foreign)) - places
    reasons = {id(one): _reason(one, index_title(url)) for one in skipped}
    reasons |= {id(one): _host_reason(one) for one in foreign}
    reasons |= {id(one): _OF_OTHERS for one in kept if one.project in elsewhere}
    kept = [one for one in kept if id(one) not in reasons]
    return Allowed(
        tuple(kept),
        elsewhere,
        (*_warnings(skipped, url), *_host_warnings(foreign, hosts, url), *_notes(kept, hosts, url)),
        tuple(replace(one, not_read=reasons[id(one)]) if id(one) in reasons else one for one in requested),
    )


def _reason(one: Requested, read: str) -> str:
    """Why a project is not requested from the index that is read."""
    titles = dict.fromkeys(index.title for index in one.origin.indexes) if one.origin is not None else {}
    return f"its file has it from {' or '.join(titles)}, and this run reads {read}"


def _host_reason(one: Requested) -> str:
    """Why a project is not requested whose files are on another host than those of most packages."""
    return f"its file names no index for it, and has its files from {' and '.join(without_index(one))}"


def _names_place(one: Requested, hosts: Mapping[str, FileHosts]) -> bool:
    """Whether a file says that a project is on the index that is read, or the user named it."""
    if one.origin is None or one.origin.indexes:
        return True
    return bool(one.origin.hosts) and len(hosts[one.origin.file].every) > 1


def _is_on(indexes: Sequence[NamedIndex], url: str, *, chosen: bool, stands_in: bool) -> bool:
    if len(indexes) > 1:
        return chosen and any(same_index(index.url, url) for index in indexes)
    return all(same_index(index.url, url) or (stands_in and is_public(index.url)) for index in indexes)


def _warnings(skipped: Iterable[Requested], url: str) -> Iterable[str]:
    groups: dict[tuple[str, tuple[NamedIndex, ...]], dict[str, None]] = {}
    for one in skipped:
        if one.origin is not None:
            groups.setdefault((one.origin.file, one.origin.indexes), {})[one.project] = None
    for (file, indexes), projects in groups.items():
        yield _warning(file, indexes, list(projects), index_title(url))


def _warning(file: str, indexes: Sequence[NamedIndex], projects: Sequence[str], read: str) -> str:
    titles = dict.fromkeys(index.title for index in indexes)
    single = next(iter(titles)) if len(titles) == 1 else ""
    url = single if re.match(r"https?://", single, re.IGNORECASE) else "URL"
    it = "it" if len(projects) == 1 else "them"
    return _skipped(file, projects, f"the file has {it} from {' or '.join(titles)}, this run reads {read}", url, read)


def _host_warnings(foreign: Iterable[Requested], hosts: Mapping[str, FileHosts], url: str) -> Iterable[str]:
    """A warning for each file and each host of files of packages that are not requested."""
    groups: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    for one in foreign:
        if one.origin is not None:
            groups.setdefault((one.origin.file, one.origin.hosts), {})[one.project] = None
    for (file, own), projects in groups.items():
        of_file, read = hosts[file], index_title(url)
        it = "it" if len(projects) == 1 else "them"
        others = f"most packages from {of_file.expected}"
        if of_file.of_index:
            others = f"this run reads {read}"
        elif of_file.expected is None:
            others = f"as many packages from {' and '.join(host for host in of_file.every if host not in own)}"
        reason = f"the file names no index for {it} and has {it} from {' and '.join(own)}, {others}"
        yield _skipped(file, list(projects), reason, "URL", read)


def _skipped(file: str, projects: Sequence[str], reason: str, url: str, read: str) -> str:
    """The warning of projects of a file that are not requested from the index that is read.

    :param url: the URL of their index, or a word for it.
    """
    it, names = ("it", "its name") if len(projects) == 1 else ("them", "their names")
    count = f"{counted(len(projects), 'project')} ({some_of(projects, _MAX_NAMED)})"
    return (
        f"{file}: skipped {count}: {reason}, and {names} could be private; to read {it}, use --index-url "
        f"{url} (setting index_url), or --any-index (setting any_index) to request {it} from {read} all the same"
    )


def _notes(kept: Iterable[Requested], hosts: Mapping[str, FileHosts], url: str) -> Iterable[str]:
    """A note for each file that names no index for packages whose files are not on the host of the index."""
    groups: dict[str, dict[str, None]] = {}
    for one in kept:
        if one.origin is not None and without_index(one) and not hosts[one.origin.file].of_index:
            groups.setdefault(one.origin.file, {})[one.project] = None
    for file, projects in groups.items():
        yield (
            f"{file}: the file names no index for {counted(len(projects), 'project')}, whose files are on "
            f"{hosts[file].expected}: requested from {index_title(url)}; to read another index, use --index-url URL "
            "(setting index_url)"
        )
