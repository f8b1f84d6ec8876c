"""How the manifest makes the rows of each stream that it carries.

A stream without a recipe is left out, and so is a field that its recipe does not make. A field that a recipe makes has
the connector's values; where it cannot, its recipe describes it anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from source_pypi.airbyte.manifest.templates import raw, text
from source_pypi.services.index.documents.feed import FEED
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.services.index.locations import PATHS

_PROJECT = "{{ stream_partition['project'] }}"
_PROJECT_PATH = f"/pypi/{_PROJECT}/json"
_PROJECT_OF_RELEASE = "{{ stream_partition['release'].partition('==')[0] }}"
_RELEASE_PATH = (
    "/pypi/{{ stream_partition['release'].replace('==', '/') | replace('+', '%2B') | replace('!', '%21') }}/json"
)
#: The segments of a feed entry's URL after ``/project/``: the name and, for a release, the version.
_SEGMENTS = "record['link'].partition('/project/')[2].split('/')"
_IS_TIME = "record['pubDate'] | default('', true) | regex_search('^([A-Z][a-z]{2}, [0-9]{2} .* GMT)$')"
_TIME = f"format_datetime(record['pubDate'], '%Y-%m-%dT%H:%M:%SZ', '%a, %d %b %Y %H:%M:%S GMT') if {_IS_TIME} else none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the manifest makes the rows of a stream.

    :ivar path: the path of the document below the index's root; a template.
    :ivar values: the fields that are added to a row: templates by field name.
    :ivar partition: ``project`` or ``release``: one document for each of them; None: one document in all.
    :ivar accept: the media type to request.
    :ivar field_path: the keys that lead to the records in the document.
    :ivar expand: the keys that lead to a list in a record, each entry of which is a row. An entry's ``release`` is then
        the version of the record.
    :ivar condition: a template that is true for records that become rows; None: all do.
    :ivar whole: whether a row is the whole record with ``values`` added; otherwise it has ``values`` only.
    :ivar without: keys that are removed from a whole record.
    :ivar descriptions: the descriptions of fields whose values differ from the connector's, by field name.
    """

    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    partition: str | None = None
    accept: str = "application/json"
    field_path: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    condition: str | None = None
    whole: bool = False
    without: tuple[str, ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)

    def extractor(self) -> dict[str, Any]:
        """Return the component that finds the records in a document."""
        extractor: dict[str, Any] = {"type": "DpathExtractor", "field_path": list(self.field_path)}
        if self.expand:
            version = {"type": "ParentFieldPath", "parent_path": ["info", "version"], "record_path": ["release"]}
            expander = {"type": "RecordExpander", "expand_records_from_field": list(self.expand)}
            extractor["record_expander"] = {**expander, "parent_fields": [version]}
        return extractor


def _normalized(expression: str) -> str:
    """Return a template of a project's name, normalised (PEP 503)."""
    return f"{{{{ {expression} | regex_replace('[-_.]+', '-') | lower }}}}"


def _feed(kind: DocumentKind, values: Mapping[str, str]) -> Recipe:
    """Return the recipe of a feed.

    :param values: the fields that come from the segments of an entry's URL, one for each segment.
    """
    return Recipe(
        path=PATHS[kind],
        accept=FEED,
        field_path=("rss", "channel", "item"),
        condition=f"{{{{ '/project/' in (record['link'] or '') and {_SEGMENTS} | select | list | length "
        f">= {len(values)} }}}}",
        values={
            **values,
            "title": raw("record['title']"),
            "summary": text("(record['description'] if record['description'] != 'None' else none)"),
            "author_email": raw("record['author']"),
            "link": raw("record['link']"),
            "published_at": raw(_TIME),
        },
    )


_OF_RELEASE = {"project": _PROJECT_OF_RELEASE, "version": raw("record['release']")}
_FEED_PROJECT = {"project": _normalized(f"{_SEGMENTS}[0]")}

#: The streams that the manifest carries.
RECIPES: Mapping[str, Recipe] = {
    "classifiers": Recipe(
        path=_RELEASE_PATH,
        partition="release",
        expand=("info", "classifiers"),
        values={**_OF_RELEASE, "classifier": raw("record['value']"), "source": "document"},
    ),
    "vulnerabilities": Recipe(
        path=_RELEASE_PATH,
        partition="release",
        expand=("vulnerabilities",),
        values={
            **_OF_RELEASE,
            "id": raw("record['id']"),
            "aliases": raw("record['aliases']"),
            **{name: text(f"record['{name}']") for name in ("summary", "details", "link", "source")},
            "fixed_in": raw("record['fixed_in']"),
            "withdrawn_at": raw("record['withdrawn']"),
        },
        descriptions={"fixed_in": "Versions that fix it, in the order of the index; the connector sorts them."},
    ),
    "roles": Recipe(
        path=_PROJECT_PATH,
        partition="project",
        field_path=("ownership", "roles"),
        condition="{{ (record['role'] or '') | length > 0 and (record['user'] or '') | length > 0 }}",
        values={"project": _PROJECT, "role": raw("record['role']"), "user": raw("record['user']")},
    ),
    "project": Recipe(path=_PROJECT_PATH, partition="project", whole=True, values={"project": _PROJECT}),
    "release": Recipe(
        path=_RELEASE_PATH,
        partition="release",
        whole=True,
        without=("releases",),
        values={"project": _PROJECT_OF_RELEASE, "version": raw("record['info']['version']")},
    ),
    "listing": Recipe(
        path="/simple/",
        accept=JSON_PAGE,
        field_path=("projects",),
        condition="{{ (record['name'] or '') | length > 0 }}",
        values={
            "project": _normalized("record['name']"),
            "name": raw("record['name']"),
            "serial": raw("record['_last-serial'] | default(none) | int(none)"),
        },
    ),
    "recent_releases": _feed(
        DocumentKind.RECENT_RELEASES,
        {**_FEED_PROJECT, "version": raw(f"{_SEGMENTS}[1] | replace('%2B', '+') | replace('%21', '!')")},
    ),
    "recent_projects": _feed(DocumentKind.RECENT_PROJECTS, _FEED_PROJECT),
    "stats": Recipe(path=PATHS[DocumentKind.STATISTICS], whole=True),
}
