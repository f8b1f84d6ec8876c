"""``urls``: a labelled URL of a release."""

import string
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents import Info
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import ProjectName, ReleaseSource, ReleaseVersion
from source_pypi.streams._metadata import METADATA
from source_pypi.streams._pages import DOCUMENT
from source_pypi.streams._values import text
from source_pypi.streams.stream import ONE_PER_RELEASE_OR_METADATA, ProjectDocuments, Row, Stream

#: Well-known labels and their aliases (PEP 753; the specification "Well-known Project URLs").
WELL_KNOWN = {
    "homepage": (),
    "source": ("repository", "sourcecode", "github"),
    "download": (),
    "changelog": ("changes", "whatsnew", "history"),
    "releasenotes": (),
    "documentation": ("docs",),
    "issues": ("bugs", "issue", "tracker", "issuetracker", "bugtracker"),
    "funding": ("sponsor", "donate", "donation"),
}
_LABELS = {name: label for label, aliases in WELL_KNOWN.items() for name in (label, *aliases)}
_IGNORED = str.maketrans("", "", string.punctuation + string.whitespace)


class Url(Struct, frozen=True, kw_only=True, gc=False):
    """A labelled URL."""

    project: ProjectName
    version: ReleaseVersion
    label: Annotated[
        str,
        describe(
            "The label, as uploaded; Home-page or Download-URL for the metadata fields of these names.",
            source="info.project_urls",
        ),
    ]
    well_known: Annotated[
        str | None,
        describe(
            "The well-known label that it stands for (PEP 753): homepage, source, download, changelog, releasenotes, "
            "documentation, issues or funding.",
            source="info.project_urls",
            null="none of these",
        ),
    ]
    url: Annotated[str, describe("The URL.", source="info.project_urls")]
    source: Annotated[
        str,
        describe(
            "The field that the URL is from: project_urls, home_page or download_url.",
            source="info.project_urls, info.home_page, info.download_url",
        ),
    ]
    read_from: ReleaseSource


def urls_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The URLs of each selected release. Of a label that occurs twice, the first URL counts."""
    if documents.project is None:
        return
    for release in documents.described_releases:
        seen: set[str] = set()
        for label, url, source in _labelled(release.content.info):
            if label not in seen:
                seen.add(label)
                yield Url(
                    project=documents.project,
                    version=release.version,
                    label=label,
                    well_known="download" if source == "download_url" else well_known(label),
                    url=url,
                    source=source,
                    read_from=METADATA if release.from_metadata else DOCUMENT,
                )


def well_known(label: str) -> str | None:
    """The well-known label that a label stands for, regardless of punctuation, white space and case (PEP 753)."""
    return _LABELS.get(label.translate(_IGNORED).lower())


def _labelled(info: Info) -> Iterator[tuple[str, str, str]]:
    for label, url in (info.project_urls or {}).items():
        if (present := text(url)) is not None:
            yield label, present, "project_urls"
    for label, url, source in (
        ("Home-page", info.home_page, "home_page"),
        ("Download-URL", info.download_url, "download_url"),
    ):
        if (present := text(url)) is not None:
            yield label, present, source


STREAM = Stream(
    name="urls",
    row="a labelled URL of a release",
    record=Url,
    key=("project", "version", "label"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_PER_RELEASE_OR_METADATA,
    rows=urls_rows,
    required_key="info.project_urls",
    from_metadata=True,
    revision=1,  # Download-URL stands for "download"
)
