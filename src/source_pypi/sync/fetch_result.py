"""What a visit found: documents, why others could not be had, and what should be said."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, RefusedError, SourceError, StaleError
from source_pypi.selection import Target
from source_pypi.services.index.documents import Mark
from source_pypi.services.index.documents.kinds import Reads
from source_pypi.streams.stream import Visit

T = TypeVar("T")


class Findings(Struct):
    """What a visit brought: documents, why others could not be had, and what should be said.

    :ivar marks: of the project's own documents, also of those that have not changed, or that are not there.
    :ivar parts: by kind of document, those that there are, by version or file name, with their marks; None: made from
        the project document; an empty mark: not asked for, as it was. A kind that is missing here: all as they were.
    :ivar left: kinds of documents of which only old copies came.
    :ivar missing: the index does not know the project.
    :ivar pinned: the pinned versions, as the index spells them.
    :ivar needs: the requirements to follow; None: nobody looked.
    """

    target: Target | None = None
    visit: Visit = field(default_factory=Visit)
    marks: dict[Reads, Mark] = field(default_factory=dict)
    parts: dict[Reads, dict[str, Mark | None]] = field(default_factory=dict)
    failures: dict[Reads, SourceError] = field(default_factory=dict)
    left: set[Reads] = field(default_factory=set)
    complaints: list[SourceError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: bool = False
    pinned: frozenset[str] = frozenset()
    needs: tuple[str, ...] | None = None

    def attempt(self, reads: Iterable[Reads], ask: Callable[[], T]) -> T | None:
        """Ask; a failure is noted under ``reads``, unless it makes all further questions pointless."""
        try:
            return ask()
        except StaleError as error:
            self.left.update(reads)
            self.notes.append(str(error))
        except RefusedError as error:
            if error.status == 401:
                raise
            self.failures.update(dict.fromkeys(reads, error))
        except SourceError as error:
            self.failures.update(dict.fromkeys(reads, error))
        return None

    def had(self, read: Reads) -> bool:
        """Whether the question for a document was answered, be it by its absence."""
        return read not in self.failures and read not in self.left

    @property
    def whole_needs(self) -> tuple[str, ...] | None:
        """The requirements to remember; None: nobody looked, or not all could be read."""
        errors = [self.failures.get(read) for read in (Reads.RELEASES, Reads.CORE_METADATA)]
        failed = any(error is not None and not isinstance(error, NotOfferedError) for error in errors)
        left = {Reads.RELEASES, Reads.CORE_METADATA} & self.left
        return None if failed or left or self.complaints else self.needs
