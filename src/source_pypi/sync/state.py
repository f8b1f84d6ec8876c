"""What each stream read of each project in earlier runs, so that a run requests and writes only what has changed.

Terms
    A ``Fingerprint`` identifies one version of a document. A ``Partition`` is the rows that are replaced together: all
    rows of a project, or those of one release or file, where a stream reads a document for each of these.
    ``ProjectState`` is what one stream read of one project. A ``StateStore`` keeps these states beside the rows.

Rules
    State belongs to one stream and one project; there is no cursor over all projects. A project or stream that is added
    later therefore has no state, and is read in full. Rows are written before the state that describes them.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b, sha1
from typing import NamedTuple, Protocol

from msgspec import Struct

from source_pypi.fields import fields_of
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents.fingerprint import UNKNOWN, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream
from source_pypi.sync.first_seen import FirstSeen

#: Stands in place of a project's name for the state of streams that describe the whole index.
WHOLE_INDEX = ""
#: The keys in ``ProjectState.fingerprints`` of documents that a project, or the index, has once; of core metadata, that
#: of the latest release, where it completes the page.
CODES = {
    DocumentKind.PROJECT: "d",
    DocumentKind.PAGE: "p",
    DocumentKind.LISTING: "l",
    DocumentKind.CORE_METADATA: "m",
}

#: The key in ``ProjectState.fingerprints`` of the pins and ranges that a listed release satisfied.
VERSIONS_CODE = "v"
#: The key in ``ProjectState.fingerprints`` of the number of projects on the list: digits, in place of a tag.
COUNT_CODE = "n"
#: Bytes of the digest of rows.
DIGEST = 6
#: The digest of a partition without rows.
DIGEST_OF_NO_ROWS = sha1(usedforsecurity=False).digest()[:DIGEST]
#: The values of a row's key without the project and the partition: of files, ``(filename,)``.
Key = tuple[str | int, ...]


class Partition(Struct, frozen=True, array_like=True, gc=False):
    """Rows that are replaced together.

    :ivar digest: of the rows.
    :ivar fingerprint: of the document that only these rows are made from; None: the project's documents suffice.
    :ivar keys: of the rows; None: not kept.
    """

    digest: bytes
    fingerprint: Fingerprint | None = None
    keys: tuple[Key, ...] | None = None

    @property
    def has_rows(self) -> bool:
        """Whether there are rows."""
        return self.digest != DIGEST_OF_NO_ROWS


class ProjectState(Struct, frozen=True, array_like=True, gc=False):
    """What a stream read of a project.

    :ivar checked_at: when the project was last read, in seconds since 1970.
    :ivar settings_digest: of what the rows depend on besides documents (``settings_digest_of``).
    :ivar existed: whether the index has ever had the project.
    :ivar serial: the lowest serial of the stream's documents; None: a document is missing, or none has a serial.
    :ivar fingerprints: of the documents that a project has once, by code (``CODES``).
    :ivar partitions: by version or file name; by an empty name where a project has one partition.
    :ivar requirements: those that were followed, and unconfirmed ones (``unconfirmed.py``); None: dependencies were not
        followed.
    :ivar first_seen: when files without upload time were first seen; empty: there are none, or the stream does not say.
    """

    checked_at: int
    settings_digest: bytes
    existed: bool
    serial: int | None
    fingerprints: dict[str, Fingerprint]
    partitions: dict[str, Partition]
    requirements: tuple[str, ...] | None = None
    first_seen: FirstSeen = ()

    def fingerprint(self, kind: DocumentKind, name: str = "") -> Fingerprint:
        """Return the fingerprint of a document when the stream last read it.

        :param name: the version or file name, for kinds of which a project has several documents.
        """
        if not name:
            return self.fingerprints.get(CODES[kind], UNKNOWN) if kind in CODES else UNKNOWN
        partition = self.partitions.get(name)
        return partition.fingerprint or UNKNOWN if partition is not None else UNKNOWN


class ProjectSummary(NamedTuple):
    """What a run needs to know of a project to decide whether to request it.

    :ivar project: its normalised name (PEP 503).
    :ivar serial: the lowest of all streams' states; None: one of them has none.
    :ivar checked_at: the earliest of all streams' states, in seconds since 1970.
    :ivar absent: whether no stream that has state found a project document.
    :ivar comparable: whether all selected streams have state, with the settings of this run.
    """

    project: str
    serial: int | None
    checked_at: int
    absent: bool
    comparable: bool = True


class StateStore(Protocol):
    """Keeps the states of streams between runs."""

    @property
    def unfinished(self) -> int | None:
        """When the last run started, in seconds since 1970, if it did not finish; None: it finished."""

    @property
    def keys(self) -> bool:
        """Whether states hold the keys of rows, so that a later run can list the keys of deleted rows."""

    @property
    def unresolved(self) -> Collection[str]:
        """The named projects with a requirement of which the store does not know which version it selects."""

    def load(self, projects: Collection[str]) -> Mapping[str, Mapping[str, ProjectState]]:
        """Return the states of these projects: by project, then by stream."""
        ...

    def summaries(self, settings_digests: Mapping[str, bytes]) -> Iterable[ProjectSummary]:
        """Yield ``summary_for`` of every project that any stream in ``settings_digests`` has state of, in any order."""
        ...

    def finish(self) -> None:
        """Note that the run finished: the next one does not continue it."""


class NoState:
    """A store without states, which keeps none."""

    unfinished: int | None = None
    keys = False
    unresolved: Collection[str] = ()

    def load(self, projects: Collection[str]) -> Mapping[str, Mapping[str, ProjectState]]:  # noqa: ARG002
        """Return no states."""
        return {}

    def summaries(self, settings_digests: Mapping[str, bytes]) -> Iterable[ProjectSummary]:  # noqa: ARG002
        """Return no summaries."""
        return ()

    def finish(self) -> None:
        """Do nothing."""


def summary_of(project: str, states: Collection[ProjectState]) -> ProjectSummary:
    """Return the summary of one or more streams' states of a project."""
    serials = [state.serial for state in states]
    lowest = None if None in serials else min(serial for serial in serials if serial is not None)
    checked_at = min(state.checked_at for state in states)
    return ProjectSummary(project, lowest, checked_at, all(is_absent(state) for state in states))


def summary_for(
    project: str, states: Mapping[str, ProjectState], settings_digests: Mapping[str, bytes]
) -> ProjectSummary | None:
    """Return the summary of the states that the streams in ``settings_digests`` have; None: they have none."""
    selected = {name: states[name] for name in settings_digests if name in states}
    if not selected or project == WHOLE_INDEX:
        return None
    comparable = {name: state.settings_digest for name, state in selected.items()} == dict(settings_digests)
    return summary_of(project, selected.values())._replace(comparable=comparable)


def is_absent(state: ProjectState) -> bool:
    """Return whether the index had no project document when the stream last read the project, and no page to read."""
    page = state.fingerprint(DocumentKind.PAGE)
    return state.fingerprint(DocumentKind.PROJECT).absent and (page.absent or not page.tag)


def settings_digest_of(
    stream: Stream,
    project: SelectedProject | None,
    releases: str,
    *,
    use_core_metadata: bool,
    keys: bool,
    follow: bool = False,
) -> bytes:
    """Return a digest of what a state depends on besides documents; rows of another digest are read in full.

    These are the fields of the rows, whether keys are kept, and, for streams that read releases, which ones. When
    dependencies are followed, every stream's state holds a project's requirements, which depend on the releases, too.
    """
    names = ",".join(field.name for field in fields_of(stream.record))
    parts = [names, str(stream.revision), str(keys)]
    if project is not None and (stream.partition_field is not None or follow):
        unpinned = releases if project.unpinned else ""
        filled = use_core_metadata and (follow or bool(stream.fallback_documents))
        parts += [unpinned, *sorted(project.pins), *sorted(project.ranges), str(filled), str(follow)]
    return blake2b("\n".join(parts).encode(), digest_size=4).digest()
