"""What a fetch found: documents, why others are missing, and what the user should know."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, RefusedError, SourceError, StaleError
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.sync.batch import Notice
from source_pypi.sync.first_seen import FirstSeen


class FetchResult(Struct):
    """What the requests for one project, or for the whole index, returned.

    :ivar project: the project; None: the whole index.
    :ivar documents: those that were received in full.
    :ivar fingerprints: of the documents that a project has once, also of unchanged and absent ones.
    :ivar partitions: by kind of document, then by version or file name, the fingerprints of those that exist now. None:
        read from the project document. ``UNKNOWN``: not requested, and taken as unchanged. A kind that is missing here:
        all of its documents are unchanged.
    :ivar failures: why documents could not be read.
    :ivar lacking: the kinds of documents that the index announces, or that pins need, and of which it has none.
    :ivar unusable: the kinds of documents that say nothing in this run, so that rows made of them stay: the index
        returned only older copies, or the project document does not say which release it describes.
    :ivar page_completes: whether the page supplies what the project document lacks, or stands for it.
    :ivar page_failure: why the page, which lists what the project document does not, could not be read. Streams that it
        completes keep their rows.
    :ivar missing: whether the index does not know the project.
    :ivar releases_unknown: whether nothing says which releases and files the project has: rows made of documents about
        them stay.
    :ivar pinned: the versions that pins and ranges select, in the index's spelling.
    :ivar versions: the version that each requirement selects (``Batch.versions``); None: not known.
    :ivar satisfied: of the pins and ranges that listed releases satisfy; None: there are none, or one is not satisfied.
    :ivar requirements: those to follow, and unconfirmed ones (``unconfirmed.py``); None: not looked up.
    :ivar first_seen: when the files without upload time were first seen; set before rows are made.
    """

    project: SelectedProject | None = None
    documents: ProjectDocuments = field(default_factory=ProjectDocuments)
    fingerprints: dict[DocumentKind, Fingerprint] = field(default_factory=dict)
    partitions: dict[DocumentKind, dict[str, Fingerprint | None]] = field(default_factory=dict)
    failures: dict[DocumentKind, SourceError] = field(default_factory=dict)
    lacking: dict[DocumentKind, NotOfferedError] = field(default_factory=dict)
    unusable: set[DocumentKind] = field(default_factory=set)
    user_errors: list[SourceError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    page_completes: bool = False
    page_failure: SourceError | None = None
    missing: bool = False
    releases_unknown: bool = False
    pinned: frozenset[str] = frozenset()
    requirements: tuple[str, ...] | None = None
    satisfied: Fingerprint | None = None
    first_seen: FirstSeen = ()
    versions: dict[str, str | None] | None = None

    @property
    def page_only(self) -> bool:
        """Whether the index has no project document, and the page stands for it."""
        return self.page_completes and isinstance(self.failures.get(DocumentKind.PROJECT), NotOfferedError)

    @contextmanager
    def recording_failures(self, kinds: Iterable[DocumentKind]) -> Iterator[None]:
        """Record why a request within the ``with`` block fails, for each of ``kinds``, and go on after the block.

        :raises RefusedError: when the index refuses the credentials (401), and has sent no document in this run: it
            would refuse every other request, too.
        """
        try:
            yield
        except StaleError as error:
            self.unusable.update(kinds)
            self.warnings.append(str(error))
        except SourceError as error:
            if isinstance(error, RefusedError) and error.status == 401 and not error.accepted_before:
                raise
            self.failures.update(dict.fromkeys(kinds, error))

    def answered(self, kind: DocumentKind) -> bool:
        """Return whether it is known what became of a document; that the index does not have it counts, too."""
        return kind not in self.failures and kind not in self.unusable

    @property
    def complete_requirements(self) -> tuple[str, ...] | None:
        """The requirements to keep in state; None: not looked up, or not all of them could be read."""
        kinds = (DocumentKind.RELEASES, DocumentKind.CORE_METADATA)
        failed = any(
            error is not None and not isinstance(error, NotOfferedError) for error in map(self.failures.get, kinds)
        )
        return None if failed or self.user_errors or self.unusable.intersection(kinds) else self.requirements
