"""What a visit found: documents, why others could not be had, and what should be said."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, RefusedError, SourceError, StaleError
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ProjectDocuments

T = TypeVar("T")


class FetchResult(Struct):
    """What a visit brought: documents, why others could not be had, and what should be said.

    :ivar marks: of the project's own documents, also of those that have not changed, or that are not there.
    :ivar parts: by kind of document, those that there are, by version or file name, with their marks; None: made from
        the project document; an empty mark: not asked for, as it was. A kind that is missing here: all as they were.
    :ivar left: kinds of documents of which only old copies came.
    :ivar missing: the index does not know the project.
    :ivar pinned: the pinned versions, as the index spells them.
    :ivar needs: the requirements to follow; None: nobody looked.
    """

    project: SelectedProject | None = None
    documents: ProjectDocuments = field(default_factory=ProjectDocuments)
    fingerprints: dict[DocumentKind, Fingerprint] = field(default_factory=dict)
    partitions: dict[DocumentKind, dict[str, Fingerprint | None]] = field(default_factory=dict)
    failures: dict[DocumentKind, SourceError] = field(default_factory=dict)
    stale: set[DocumentKind] = field(default_factory=set)
    user_errors: list[SourceError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    missing: bool = False
    pinned: frozenset[str] = frozenset()
    requirements: tuple[str, ...] | None = None

    def attempt(self, reads: Iterable[DocumentKind], ask: Callable[[], T]) -> T | None:
        """Ask; a failure is noted under ``reads``, unless it makes all further questions pointless."""
        try:
            return ask()
        except StaleError as error:
            self.stale.update(reads)
            self.warnings.append(str(error))
        except RefusedError as error:
            if error.status == 401:
                raise
            self.failures.update(dict.fromkeys(reads, error))
        except SourceError as error:
            self.failures.update(dict.fromkeys(reads, error))
        return None

    def answered(self, read: DocumentKind) -> bool:
        """Whether the question for a document was answered, be it by its absence."""
        return read not in self.failures and read not in self.stale

    @property
    def complete_requirements(self) -> tuple[str, ...] | None:
        """The requirements to remember; None: nobody looked, or not all could be read."""
        errors = [self.failures.get(read) for read in (DocumentKind.RELEASES, DocumentKind.CORE_METADATA)]
        failed = any(error is not None and not isinstance(error, NotOfferedError) for error in errors)
        left = {DocumentKind.RELEASES, DocumentKind.CORE_METADATA} & self.stale
        return None if failed or left or self.user_errors else self.requirements
