"""From which index each project may be requested.

A project is requested only from the index that its file names, or that the user chose. A name that a file takes from
another index may be private: an index that is asked for it could answer with another project of that name.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.config import Config
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
    :ivar warnings: a line for each file and each index that it names.
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
    names no index does not allow it.
    """
    candidates = [one for one in requested if one.not_read is None]
    if config.any_index:
        return Allowed(tuple(candidates), every=tuple(requested))
    url = config.index_url or default_url()
    named = {index.url for one in candidates if one.origin for index in one.origin.indexes}
    stands_in = config.index_url is not None and not any(same_index(one, url) for one in named)
    kept, skipped, places = [], [], set()
    for one in candidates:
        indexes = one.origin.indexes if one.origin else ()
        if _is_on(indexes, url, chosen=config.index_url is not None, stands_in=stands_in):
            kept.append(one)
            places |= {one.project} if indexes or one.origin is None else set()
        else:
            skipped.append(one)
    elsewhere = frozenset(one.project for one in skipped) - places
    reasons = {id(one): _reason(one, index_title(url)) for one in skipped}
    reasons |= {id(one): _OF_OTHERS for one in kept if one.project in elsewhere}
    return Allowed(
        tuple(one for one in kept if id(one) not in reasons),
        elsewhere,
        tuple(_warnings(skipped, url)),
        tuple(replace(one, not_read=reasons[id(one)]) if id(one) in reasons else one for one in requested),
    )


def _reason(one: Requested, read: str) -> str:
    """Why a project is not requested from the index that is read."""
    titles = dict.fromkeys(index.title for index in one.origin.indexes) if one.origin is not None else {}
    return f"its file has it from {' or '.join(titles)}, and this run reads {read}"


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
    one = len(projects) == 1
    count, it, names = (
        ("1 project", "it", "its name") if one else (f"{len(projects):,} projects", "them", "their names")
    )
    shown = ", ".join(projects[:_MAX_NAMED]) + (", ..." if len(projects) > _MAX_NAMED else "")
    single = next(iter(titles)) if len(titles) == 1 else ""
    url = single if re.match(r"https?://", single, re.IGNORECASE) else "URL"
    return (
        f"{file}: skipped {count} ({shown}): the file has {it} from {' or '.join(titles)}, this run reads {read}, and "
        f"{names} could be private; to read {it}, use --index-url {url} (setting index_url), or --any-index (setting "
        f"any_index) to request {it} from {read} all the same"
    )
