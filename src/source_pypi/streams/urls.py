"""``urls``: one labelled address of a release."""

import string
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents import Info
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._values import text
from source_pypi.streams.stream import ONE_A_RELEASE, ProjectDocuments, Row, Stream

#: Well-known labels and the other names that they go by (PEP 753; the specification "Well-known Project URLs").
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
_LABELS = {name: label for label, others in WELL_KNOWN.items() for name in (label, *others)}
_DROPPED = str.maketrans("", "", string.punctuation + string.whitespace)


class Url(Struct, frozen=True, kw_only=True, gc=False):
    """A labelled address."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The release that gives it, as the index has it.", source="info.version")]
    label: Annotated[
        str,
        describe(
            "The label, as uploaded; Home-page and Download-URL for the fields of these names.",
            source="info.project_urls",
        ),
    ]
    well_known: Annotated[
        str | None,
        describe(
            "The well-known label that it means (PEP 753): homepage, source, download, changelog, releasenotes, "
            "documentation, issues or funding.",
            source="info.project_urls",
            null="none of these",
        ),
    ]
    url: Annotated[str, describe("The address.", source="info.project_urls")]
    source: Annotated[
        str,
        describe(
            "The field that has it: project_urls, home_page or download_url.",
            source="info.project_urls, info.home_page, info.download_url",
        ),
    ]


def urls_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """The addresses of each release that was read; a label that comes twice counts where it is first."""
    if visit.project is None:
        return
    for release in visit.releases:
        seen: set[str] = set()
        for label, url, source in _labelled(release.content.info):
            if label not in seen:
                seen.add(label)
                yield Url(
                    project=visit.project,
                    version=release.version,
                    label=label,
                    well_known=well_known(label),
                    url=url,
                    source=source,
                )


def well_known(label: str) -> str | None:
    """The well-known label that a label means, punctuation, white space and case aside (PEP 753)."""
    return _LABELS.get(label.translate(_DROPPED).lower())


def _labelled(info: Info) -> Iterator[tuple[str, str, str]]:
    for label, url in (info.project_urls or {}).items():
        if (given := text(url)) is not None:
            yield label, given, "project_urls"
    for label, url, source in (
        ("Home-page", info.home_page, "home_page"),
        ("Download-URL", info.download_url, "download_url"),
    ):
        if (given := text(url)) is not None:
            yield label, given, source


STREAM = Stream(
    name="urls",
    row="one labelled address of a release",
    record=Url,
    key=("project", "version", "label"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_A_RELEASE,
    rows=urls_rows,
    required_key="info.project_urls",
)
