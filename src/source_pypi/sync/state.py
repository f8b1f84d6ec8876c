"""What a stream has seen of each project: kept between runs, so that the next one costs what changed.

Words
    A ``Mark`` is what a document was (``documents/mark.py``). A ``Part`` is the rows that are replaced together: all of
    a project's, or, for streams that read a release or a file at a time, those of one release or file. ``Seen`` is what
    one stream has seen of one project. A ``Memory`` holds them; each front keeps its own beside the rows.

Rules
    State belongs to a stream and a project, never to one high-water mark: a project or a stream that is added later has
    nothing here, and is read from its beginning. Rows are written whole, then what was seen of them moves.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from source_pypi.fields import fields_of
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents.fingerprint import UNKNOWN, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream

#: The key of what is seen of the index as a whole, where a project's name would stand.
WHOLE_INDEX = ""

#: The values of a row's key that its part does not tell: of files, ``(filename,)``.
Key = tuple[str | int, ...]


class Partition(Struct, frozen=True, array_like=True, gc=False):
    """Rows that are replaced together.

    :ivar digest: of the rows.
    :ivar mark: of the document that only they are made from; None: they are made from the project's alone.
    :ivar keys: of the rows; None: not kept.
    """

    digest: bytes
    fingerprint: Fingerprint | None = None
    keys: tuple[Key, ...] | None = None


class ProjectState(Struct, frozen=True, array_like=True, gc=False):
    """What a stream has seen of a project.

    :ivar asked: time of the visit, in seconds since 1970.
    :ivar terms: digest of what else the rows depend on (``terms_of``): rows of other terms are read from the beginning.
    :ivar known: whether the index has ever had the project.
    :ivar serial: which all its documents had at least; None: they told none, or one was not there.
    :ivar marks: of the documents that are the project's own, by code (``CODES``).
    :ivar parts: by name: a version, a file's name, or empty where there is but one.
    :ivar needs: the requirements that its dependencies were followed by; None: they were not.
    """

    checked_at: int
    settings_digest: bytes
    existed: bool
    serial: int | None
    fingerprints: dict[str, Fingerprint]
    partitions: dict[str, Partition]
    requirements: tuple[str, ...] | None = None


class ProjectSummary(NamedTuple):
    """What is told of a project in a few words: enough to see whether it need be visited.

    :ivar project: its normalised name (PEP 503).
    :ivar serial: the highest that all streams have seen; None: one of them has seen none.
    :ivar asked: time of the earliest of their last visits, in seconds since 1970.
    :ivar absent: whether there was no project document, as all that have seen the project tell.
    :ivar settled: whether all streams have seen it, on the terms on which they are read now.
    """

    project: str
    serial: int | None
    checked_at: int
    absent: bool
    comparable: bool = True


class StateStore(Protocol):
    """What was seen, as a front keeps it."""

    @property
    def unfinished(self) -> int | None:
        """When the last run began, if it did not come to its end, in seconds since 1970; None: it did."""

    @property
    def keys(self) -> bool:
        """Whether the keys of rows are to be remembered, so that those that are gone can be told one by one."""

    def load(self, projects: Collection[str]) -> Mapping[str, Mapping[str, ProjectState]]:
        """What the selected streams have seen of these projects: by project, then by stream."""
        ...

    def summaries(self, terms: Mapping[str, bytes]) -> Iterable[ProjectSummary]:
        """Every project that any of the streams in ``terms`` has seen, as ``glance_at`` tells of it, in any order."""
        ...

    def finish(self) -> None:
        """Remember that the run came to its end: the next one does not resume it."""


class NoState:
    """Nothing was seen before, and nothing is kept."""

    unfinished: int | None = None
    keys = False

    def load(self, projects: Collection[str]) -> Mapping[str, Mapping[str, ProjectState]]:  # noqa: ARG002
        """Nothing."""
        return {}

    def summaries(self, terms: Mapping[str, bytes]) -> Iterable[ProjectSummary]:  # noqa: ARG002
        """Nothing."""
        return ()

    def finish(self) -> None:
        """Do nothing."""


def summary_of(project: str, seen: Collection[ProjectState]) -> ProjectSummary:
    """What streams have seen of a project, in a few words; there is one at least."""
    serials = [one.serial for one in seen]
    lowest = None if None in serials else min(serial for serial in serials if serial is not None)
    return ProjectSummary(project, lowest, min(one.checked_at for one in seen), all(is_absent(one) for one in seen))


def summary_for(project: str, seen: Mapping[str, ProjectState], terms: Mapping[str, bytes]) -> ProjectSummary | None:
    """What the streams in ``terms`` have seen of a project, in a few words; None: it is new to all of them."""
    known = {name: seen[name] for name in terms if name in seen}
    if not known or project == WHOLE_INDEX:
        return None
    comparable = {name: one.settings_digest for name, one in known.items()} == dict(terms)
    return summary_of(project, known.values())._replace(comparable=comparable)


def is_absent(seen: ProjectState) -> bool:
    """Whether there was no project document when a stream last saw the project."""
    return fingerprint_in(seen, DocumentKind.PROJECT).absent


def settings_digest_of(
    stream: Stream, target: SelectedProject | None, releases: str, *, fill: bool, keys: bool, follow: bool = False
) -> bytes:
    """Digest of what state depends on besides documents: fields of rows, which releases are read, if keys are kept.

    Where dependencies are followed, what a project needs is part of every stream's state, and depends on the releases.
    """
    names = ",".join(field.name for field in fields_of(stream.record))
    terms = [names, str(stream.revision), str(keys)]
    if target is not None and (stream.partition_field is not None or follow):
        unpinned = releases if target.unpinned else ""
        terms += [
            unpinned,
            *sorted(target.pins),
            str(fill and (follow or bool(stream.fallback_documents))),
            str(follow),
        ]
    return blake2b("\n".join(terms).encode(), digest_size=4).digest()


class PreviousState(Struct, frozen=True):
    """What the selected streams know of a project when it is visited.

    :ivar streams: those that read of projects.
    :ivar seen: what they have seen, by stream.
    :ivar settled: the streams whose rows stand as they are, if the documents do.
    :ivar deep: whether release documents are asked for even where the project did not change.
    """

    streams: tuple[Stream, ...] = ()
    states: Mapping[str, ProjectState] = field(default_factory=dict)
    comparable: frozenset[str] = frozenset()
    full_check: bool = False

    def readers(self, kind: DocumentKind) -> tuple[Stream, ...]:
        """The streams that need this kind of document."""
        return tuple(stream for stream in self.streams if kind in stream.required_documents)

    def fingerprint(self, kind: DocumentKind, name: str = "") -> Fingerprint:
        """With which mark to ask: its ETag only where all readers' rows stand as they are if it has not changed."""
        readers = self.readers(kind)
        fingerprints = [fingerprint_in(self.states[s.name], kind, name) for s in readers if s.name in self.states]
        highest = max(
            (fingerprint.serial for fingerprint in fingerprints if fingerprint.serial is not None), default=None
        )
        agreed = len({fingerprint.tag for fingerprint in fingerprints}) == 1 and all(
            s.name in self.comparable for s in readers
        )
        return Fingerprint(fingerprints[0].tag if agreed else b"", highest)

    def is_unchanged(
        self, kind: DocumentKind, fingerprint: Fingerprint, readers: Iterable[Stream], name: str = ""
    ) -> bool:
        """Whether these streams have all seen this very document."""
        seen = [self.states[s.name] if s.name in self.comparable else None for s in readers]
        return bool(seen) and all(one is not None and fingerprint_in(one, kind, name).same(fingerprint) for one in seen)

    def fingerprints_of(self, kind: DocumentKind) -> dict[str, Fingerprint | None]:
        """The documents of this kind that a stream has seen whose rows stand, with their marks."""
        comparable = [self.states[s.name] for s in self.readers(kind) if s.name in self.comparable]
        return {name: part.fingerprint for seen in comparable[:1] for name, part in seen.partitions.items()}

    @property
    def requirements(self) -> tuple[str, ...] | None:
        """The requirements found when the project was last visited; None: nobody looked."""
        found = (self.states[name].requirements for name in sorted(self.comparable))
        return next((needs for needs in found if needs is not None), None)

    @property
    def existed(self) -> bool:
        """Whether the index has ever had the project."""
        return any(seen.existed for seen in self.states.values())


#: What documents are called in state, of which there is one a project, or one in all.
CODES = {DocumentKind.PROJECT: "d", DocumentKind.PAGE: "p", DocumentKind.LISTING: "l"}


def fingerprint_in(seen: ProjectState, kind: DocumentKind, name: str = "") -> Fingerprint:
    """The mark of a document when a stream last saw it."""
    if not name:
        return seen.fingerprints.get(CODES[kind], UNKNOWN) if kind in CODES else UNKNOWN
    part = seen.partitions.get(name)
    return part.fingerprint or UNKNOWN if part is not None else UNKNOWN
