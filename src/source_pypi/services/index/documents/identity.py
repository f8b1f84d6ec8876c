"""Whether a document is about the project and the version that were requested.

A proxy or a server that mixes up responses sends a sound document of another project. Its rows must never be stored
under the requested name.
"""

from typing import Any

from packaging.utils import canonicalize_name

from source_pypi.errors import DocumentError
from source_pypi.standards.versions import same_version

#: Characters of a name or a version that a message quotes.
_LONGEST_QUOTED = 60


def check_project(found: Any, project: str, what: str, url: str) -> None:
    """Check the name in a document; None and an empty name pass, since mirrors omit it.

    :param found: the name in the document.
    :param project: the normalized name that was requested.
    :param what: the kind of the document, for the message: ``project document``.
    :raises DocumentError: when it is the name of another project (PEP 503).
    """
    name = found.strip() if isinstance(found, str) else ""
    if name and name != project and canonicalize_name(name) != canonicalize_name(project):
        raise DocumentError(url, f"the {what} of {project}", f"that of {name[:_LONGEST_QUOTED]!r}")


def check_version(found: Any, project: str, version: str, url: str) -> None:
    """Check the version in a release document; None and an empty version pass, since mirrors omit it.

    :raises DocumentError: when it is another version (PEP 440).
    """
    text = found.strip() if isinstance(found, str) else ""
    if text and text != version and not same_version(text, version):
        raise DocumentError(
            url, f"the release document of {project} {version[:_LONGEST_QUOTED]}", f"that of {text[:_LONGEST_QUOTED]!r}"
        )
