"""What is to be read from a source of downloads."""

from datetime import date

from msgspec import Struct

#: The streams of this service.
DOWNLOADS, DOWNLOADS_BY = "downloads", "downloads_by"


class Task(Struct, frozen=True):
    """What is to be read: a series of a project.

    :ivar first: the first day.
    :ivar since: the same if earlier days have been read before; None: this is the first time.
    """

    project: str
    dimensions: tuple[str, ...]
    first: date
    since: date | None

    @property
    def stream(self) -> str:
        """The stream that the rows are of."""
        return DOWNLOADS_BY if self.dimensions else DOWNLOADS
