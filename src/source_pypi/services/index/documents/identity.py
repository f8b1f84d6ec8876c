"""Whether a document is about the project and the version that were requested.

A proxy or a server that mixes up responses sends a sound document of another project. Its rows must never be stored
under the requested name. Each check returns whether the document names its project: if it does not, nothing is known.
"""

import re
from typing import Any

from packaging.utils import canonicalize_name

from source_pypi.errors import DocumentError
from source_pypi.services.index.documents.core_metadata import CoreMetadata
from source_pypi.services.index.documents.document import Document
from source_pypi.services.index.documents.feed import Feed, project_path
from source_pypi.services.index.documents.html_page import is_html
from source_pypi.services.index.documents.page import Page
from source_pypi.services.index.documents.project import Project, Release
from source_pypi.services.index.documents.provenance import Provenance, subject_names
from source_pypi.standards.versions import same_version
from source_pypi.standards.wheels import begins_with

#: Characters of a name or a version that a message quotes.
_LONGEST_QUOTED = 60


def check_project_document(project: str, document: Document[Project]) -> bool:
    """Check that a project document is that of a project.

    :param project: the normalized name that was requested.
    :raises DocumentError: when it is that of another one.
    """
    return _check_project(document.content.info.name, project, "project document", document.url)


def check_release_document(project: str, version: str, document: Document[Release]) -> bool:
    """Check that a release document is that of a project's version; as ``check_project_document``."""
    info, what = document.content.info, f"release document of version {version[:_LONGEST_QUOTED]}"
    named = _check_project(info.name, project, what, document.url)
    _check_version(info.version, project, version, document.url, "release document")
    return named


def check_page(project: str, document: Document[Page]) -> bool:
    """Check that a project page is that of a project; as ``check_project_document``.

    A page that does not name its project, as HTML, must have a file whose name begins with the project's, if it has any
    files.
    """
    page = document.content
    named = _check_project(page.name, project, "project page", document.url)
    names = [name for file in page.files if (name := file.name())]
    if not page.name and names and not any(begins_with(name, project) for name in names):
        found = f"files of another one: {names[0][:_LONGEST_QUOTED]!r}"
        raise DocumentError(document.url, f"the project page of {project}", found)
    return named or is_html(document.body)  # HTML names no project


def check_core_metadata(project: str, document: Document[CoreMetadata], version: str | None = None) -> bool:
    """Check that METADATA is that of a file of a project; as ``check_project_document``.

    :param version: the version of the file, where METADATA alone says what the release is; None: do not compare it.
    """
    raw = document.content.raw
    named = _check_project(raw.get("name"), project, "core metadata", document.url)
    if version is not None:
        _check_version(raw.get("version"), project, version, document.url, "core metadata")
    return named


def check_provenance(filename: str, document: Document[Provenance]) -> bool:
    """Check that provenance is that of a file: one of its statements names it, if any names a file.

    :raises DocumentError: when all statements name other files.
    """
    names = list(subject_names(document.content))
    if names and _parts(filename) not in map(_parts, names):
        what = f"the provenance of {filename[:_LONGEST_QUOTED]}"
        raise DocumentError(document.url, what, f"that of {names[0][:_LONGEST_QUOTED]!r}")
    return True  # one without statements is sound


def _parts(filename: str) -> list[str]:
    """What is the same for all spellings of a file's name: the index accepts others, and other orders of tags."""
    return sorted(re.split(r"[-_.]+", filename.lower()))


def check_feed(what: str, parts: int, document: Document[Feed]) -> bool:
    """Check that a feed is the one that was requested; one without entries is.

    :param what: the feed, for the message.
    :param parts: the parts of an entry's link (``project_path``): 2 of a release, 1 of a project.
    :raises DocumentError: when no entry has such a link.
    """
    entries = document.content.entries
    if entries and all(len(project_path(entry)) != parts for entry in entries):
        raise DocumentError(document.url, what, f"a feed with links such as {str(entries[0].link)[:_LONGEST_QUOTED]!r}")
    return True


def _check_project(found: Any, project: str, what: str, url: str) -> bool:
    """Check the name in a document, and return whether it has one: mirrors omit it.

    :param found: the name in the document.
    :param project: the normalized name that was requested.
    :param what: the kind of the document, for the message: ``project document``.
    :raises DocumentError: when it is the name of another project (PEP 503).
    """
    name = found.strip() if isinstance(found, str) else ""
    if name and name != project and canonicalize_name(name) != canonicalize_name(project):
        raise DocumentError(url, f"the {what} of {project}", f"that of {name[:_LONGEST_QUOTED]!r}")
    return bool(name)


def _check_version(found: Any, project: str, version: str, url: str, what: str) -> None:
    """Check the version in a document; None and an empty version pass, since mirrors omit it.

    :param what: the kind of the document, for the message.
    :raises DocumentError: when it is another version (PEP 440).
    """
    text = found.strip() if isinstance(found, str) else ""
    if text and text != version and not same_version(text, version):
        raise DocumentError(
            url, f"the {what} of {project} {version[:_LONGEST_QUOTED]}", f"that of {text[:_LONGEST_QUOTED]!r}"
        )
