"""What many projects of a run have in common is reported once, with their number, when the projects have been read."""

import enum
from collections.abc import Iterable, Iterator

from source_pypi.safety.wording import counted, some_of
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.batch import Batch, Notice

#: Names that a message lists.
SHOWN = 3
#: What notices call the documents of files.
SUBJECTS = {DocumentKind.CORE_METADATA: "core metadata (METADATA)", DocumentKind.PROVENANCE: "provenance"}


class NoticeKind(enum.StrEnum):
    """What the user should know; the text has the subject, the count, and the projects."""

    UNKNOWN_FIELD = "{subject} is missing, null or invalid in documents of {projects}: rows made of it stay"
    PAGE_ONLY = (
        "the index has no project documents of {projects}: projects, versions and files come from pages, and what they "
        "do not give is null"
    )
    FILELESS = (
        "documents of {projects} no longer list releases, and pages do not show versions without files: rows of these "
        "versions are deleted"
    )
    REMOVED = "removed from the index: {projects}"
    REMOVED_ROWS = "removed from the index, and their rows are deleted: {projects}"
    LATEST_ONLY = "the index lists no releases of {projects}: only the latest release of each is read"
    UNDESCRIBED = (
        "releases without documents and without core metadata (METADATA): {count} of {projects}; dependencies, "
        "classifiers and URLs of these are unknown"
    )
    UNSTATED = (
        "the index lists no core metadata (METADATA) of the latest release of {projects}, as it did before: what only "
        "METADATA states is now null in projects"
    )
    UNREAD = (
        "the index has no release documents of {count} releases of {projects}: rows made from them are missing, or "
        "stay as they were loaded before"
    )
    PINS = "pinned releases without release documents: {count} of {projects}; core metadata (METADATA) stands for them"
    ANNOUNCED = "{subject}: the index announces {count} of {projects} for which it then answers 404; loaded rows stay"


class Notices:
    """Collects the notices of a run's batches."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._projects: dict[tuple[str, str], list[str]] = {}
        self._project_counts: dict[tuple[str, str], int] = {}

    def add(self, batch: Batch) -> None:
        """Add the notices of a batch."""
        for notice in dict.fromkeys(batch.notices):
            key = (notice.kind, notice.subject)
            self._counts[key] = self._counts.get(key, 0) + notice.count
            self._project_counts[key] = self._project_counts.get(key, 0) + 1
            if len(names := self._projects.setdefault(key, [])) <= SHOWN:
                names.append(batch.project or "")

    def lines(self) -> Iterator[str]:
        """Return a line for each kind and subject."""
        return (self.line(kind, subject) for kind, subject in self._counts)

    def line(self, kind: str, subject: str) -> str:
        """Return the line for a kind and subject; empty: there is none."""
        if not (number := self._project_counts.get((kind, subject))):
            return ""
        projects = counted(number, "project")
        shown = some_of(self._projects[kind, subject], SHOWN)
        count = f"{self._counts[kind, subject]:,}"
        return NoticeKind(kind).value.format(subject=subject, count=count, projects=f"{projects} ({shown})")


def unknown_fields(subjects: Iterable[str]) -> tuple[Notice, ...]:
    """Return the notice of each key whose value is unknown."""
    return tuple(Notice(NoticeKind.UNKNOWN_FIELD, subject) for subject in dict.fromkeys(subjects))
