"""An index that is a folder: a mirror as bandersnatch writes it, or saved documents.

Where documents are
    The tree is the folder itself, its subfolder ``web`` (bandersnatch's), or, of a folder ``simple`` or ``pypi``, the
    one above. A project document is ``pypi/NAME/json``, ``json/NAME`` or ``NAME.json``. A page is ``index.v1_json``,
    ``index.json``, ``index.html`` or ``index.v1_html`` in ``simple/NAME/``, or in ``simple/N/NAME/``, where
    bandersnatch puts it with ``hash-index``. NAME is always normalised.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from source_pypi.errors import SettingError
from source_pypi.http.folder import Folder

_PAGES = ("index.v1_json", "index.json", "index.html", "index.v1_html")
_INTERFACES = ("simple", "pypi")
_PARTS = (*_INTERFACES, "json")


def open_folder(url: str) -> Folder:
    """Return what answers requests for the documents of an index in a folder.

    :param url: the ``file:`` URL of the folder.
    :raises SettingError: when there is no such folder, or it cannot be read.
    """
    folder = Path(unquote(urlsplit(url).path))
    try:
        if not folder.is_dir():
            raise SettingError("index_url", f"is {folder}, and there is no such folder")
        return Folder(url.rstrip("/"), _tree(folder), _paths, _why_half)
    except OSError as error:
        raise SettingError("index_url", f"is {folder}, which cannot be read: {error.strerror}") from error


def _tree(folder: Path) -> Path:
    """The folder that has the index's documents."""
    above = [folder.parent] if folder.name in _INTERFACES else []
    places = [folder, folder / "web", *above]
    return next((place for place in places if any((place / part).is_dir() for part in _PARTS)), folder)


def _paths(path: str) -> Iterator[str]:
    """The paths at which the document may be that an index has at a path."""
    match path.strip("/").split("/"):
        case [*above, name] if path.endswith("/") or not path:
            folders = [path, *([f"simple/{name[0]}/{name}/"] if above == ["simple"] else [])]
            yield from (folder + page for folder in folders for page in _PAGES)
        case ["pypi", name, "json"]:
            yield from (path, f"json/{name}", f"{name}.json")
        case _:
            yield path


def _why_half(body: bytes) -> str | None:
    """Why a file is half a page: JSON shows it by itself, HTML only if it is not closed."""
    start = body[:1024].lower()
    if start.lstrip().startswith(b"<") and b"<html" in start and b"</html" not in body[-1024:].lower():
        return "</html> is missing"
    return None
