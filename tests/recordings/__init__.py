"""Documents of real projects, trimmed and cleaned (``fields.py``)."""

from datetime import UTC, datetime
from pathlib import Path

from source_pypi.services.index.documents import Document, Project, open_document
from source_pypi.streams.stream import ProjectDocuments, ReleaseView
from tests.streams import ROOT

FILES = "http://files.test"
FOLDER = Path(__file__).parent
#: The projects that were recorded, by their normalised names.
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def recorded(name: str) -> Document[Project]:
    """A project's document, opened."""
    text = (FOLDER / f"{name}.json").read_text("utf-8").replace("{index}", ROOT).replace("{files}", FILES)
    return open_document(text.encode(), Project, f"{ROOT}/pypi/{name}/json")


def recorded_documents(name: str) -> ProjectDocuments:
    """The documents of a recorded project, with its latest release."""
    document = recorded(name)
    content = document.content
    latest = ReleaseView(content.info.version or "", content, document, tuple(content.urls or ()))
    return ProjectDocuments(project=name, document=document, releases=(latest,))


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
