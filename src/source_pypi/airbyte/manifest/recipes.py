"""Which streams a manifest carries, and how it makes their rows; and why it cannot carry the others.

A stream is carried only where its rows come out as the connector's: the same fields, the same values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from source_pypi.airbyte.manifest import templates
from source_pypi.airbyte.manifest.templates import exact, text
from source_pypi.services.index.api import FEED, PATHS
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import JSON_PAGE

#: Of whom a row tells: the project, or the release, whose partition is read.
_PROJECT = "{{ stream_partition['project'] }}"
_PROJECT_OF_RELEASE = "{{ stream_partition['release'].partition('==')[0] }}"
_RELEASE_PATH = (
    "/pypi/{{ stream_partition['release'].replace('==', '/') | replace('+', '%2B') | replace('!', '%21') }}/json"
)
#: The parts of the address in a feed's entry, behind ``/project/``.
_LINKED = "record['link'].partition('/project/')[2].split('/')"
_IS_TIME = "record['pubDate'] | default('', true) | regex_search('^([A-Z][a-z]{2}, [0-9]{2} .* GMT)$')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the rows of a stream are made.

    :ivar path: where its document is, below the index's root.
    :ivar partition: what the document is asked for each of: ``project``, ``release``; None: it is one.
    :ivar accept: the media type to ask for.
    :ivar field_path: where in the document the records are.
    :ivar each: where in them a list is, of which each entry is a row; ``version`` is then that of the release.
    :ivar condition: which of them become rows.
    :ivar values: the fields of a row that are not the record's own: templates by name.
    :ivar whole: whether rows are the records as they are, with these fields added; otherwise a row has these only.
    :ivar without: keys that are left out of records that are passed on whole.
    """

    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    partition: str | None = None
    accept: str = "application/json"
    field_path: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    condition: str | None = None
    whole: bool = False
    without: tuple[str, ...] = ()

    def extractor(self) -> dict[str, Any]:
        """Where the records are."""
        extractor: dict[str, Any] = {"type": "DpathExtractor", "field_path": list(self.field_path)}
        if self.each:
            copied = {"type": "ParentFieldPath", "parent_path": ["info", "version"], "record_path": ["release"]}
            expander = {"type": "RecordExpander", "expand_records_from_field": list(self.each)}
            extractor["record_expander"] = {**expander, "parent_fields": [copied]}
        return extractor


def _info(name: str) -> str:
    return text(f"record['info']['{name}']")


def _raw(*path: str) -> str:
    return exact("record" + "".join(f"['{key}']" for key in path))


def _normalized(name: str) -> str:
    return f"{{{{ {name} | regex_replace('[-_.]+', '-') | lower }}}}"


_PROJECTS = {
    "project": _PROJECT,
    "name": _info("name"),
    "latest_version": _info("version"),
    **{name: _info(name) for name in ("summary", "author", "author_email", "maintainer", "maintainer_email")},
    **{name: _info(name) for name in ("license", "license_expression", "requires_python", "home_page")},
    "license_files": _raw("info", "license_files"),
    "keywords": templates.keywords("record['info']['keywords']"),
    "classifiers": _raw("info", "classifiers"),
    "requires_dist": _raw("info", "requires_dist"),
    "extras": _raw("info", "provides_extra"),
    "project_urls": templates.labelled("record['info']['project_urls']"),
    "yanked": _raw("info", "yanked"),
    "yanked_reason": _info("yanked_reason"),
    "organization": text("(record['ownership'] or {})['organization']"),
    "version_count": exact("record['releases'] | length if record['releases'] is mapping else none"),
    "file_count": templates.of_files("none", "count"),
    "total_size": templates.of_files("file['size']", "found | sum if found or not count else none"),
    "first_upload_at": templates.upload("first"),
    "last_upload_at": templates.upload("last"),
    "serial": _raw("last_serial"),
}
_CLASSIFIERS = {
    "project": _PROJECT_OF_RELEASE,
    "version": _raw("release"),
    "classifier": _raw("value"),
    "category": exact("record['value'].split('::')[0] | trim"),
    "parts": exact("record['value'].split('::')[1:] | map('trim') | list"),
}
_VULNERABILITIES = {
    "project": _PROJECT_OF_RELEASE,
    "version": _raw("release"),
    "id": exact("record['id'] or (record['aliases'] or []) | first | default(none) or record['link'] or 'unknown'"),
    "aliases": _raw("aliases"),
    **{name: text(f"record['{name}']") for name in ("summary", "details", "link", "source")},
    "fixed_in": templates.in_version_order("record['fixed_in']"),
    "withdrawn_at": _raw("withdrawn"),
}
_ENTRY = {
    "title": _raw("title"),
    "summary": text("(record['description'] if record['description'] != 'None' else none)"),
    "author_email": _raw("author"),
    "link": _raw("link"),
    "published_at": exact(
        f"format_datetime(record['pubDate'], '%Y-%m-%dT%H:%M:%SZ', '%a, %d %b %Y %H:%M:%S GMT') if {_IS_TIME} else none"
    ),
}
_IN_PROJECT = "{{ '/project/' in (record['link'] or '') and " + _LINKED + " | select | list | length >= "

#: The streams that a manifest carries.
CARRIED: Mapping[str, Recipe] = {
    "projects": Recipe(path="/pypi/" + _PROJECT + "/json", partition="project", values=_PROJECTS),
    "classifiers": Recipe(path=_RELEASE_PATH, partition="release", each=("info", "classifiers"), values=_CLASSIFIERS),
    "vulnerabilities": Recipe(
        path=_RELEASE_PATH, partition="release", each=("vulnerabilities",), values=_VULNERABILITIES
    ),
    "roles": Recipe(
        path="/pypi/" + _PROJECT + "/json",
        partition="project",
        field_path=("ownership", "roles"),
        condition="{{ (record['role'] or '') | length > 0 and (record['user'] or '') | length > 0 }}",
        values={"project": _PROJECT, "role": _raw("role"), "user": _raw("user")},
    ),
    "project": Recipe(
        path="/pypi/" + _PROJECT + "/json", partition="project", whole=True, values={"project": _PROJECT}
    ),
    "release": Recipe(
        path=_RELEASE_PATH,
        partition="release",
        whole=True,
        without=("releases",),
        values={"project": _PROJECT_OF_RELEASE, "version": _raw("info", "version")},
    ),
    "listing": Recipe(
        path="/simple/",
        accept=JSON_PAGE,
        field_path=("projects",),
        condition="{{ (record['name'] or '') | length > 0 }}",
        values={
            "project": _normalized("record['name']"),
            "name": _raw("name"),
            "serial": exact("record['_last-serial'] | default(none) | int(none)"),
        },
    ),
    "recent_releases": Recipe(
        path=PATHS[DocumentKind.RECENT_RELEASES],
        accept=FEED,
        field_path=("rss", "channel", "item"),
        condition=_IN_PROJECT + "2 }}",
        values={
            "project": _normalized(f"{_LINKED}[0]"),
            "version": exact(f"{_LINKED}[1] | replace('%2B', '+') | replace('%21', '!')"),
            **_ENTRY,
        },
    ),
    "recent_projects": Recipe(
        path=PATHS[DocumentKind.RECENT_PROJECTS],
        accept=FEED,
        field_path=("rss", "channel", "item"),
        condition=_IN_PROJECT + "1 }}",
        values={"project": _normalized(f"{_LINKED}[0]"), **_ENTRY},
    ),
    "stats": Recipe(path=PATHS[DocumentKind.STATISTICS], whole=True),
}

_KEYS_LOST = "are keys of an object in the document, and a manifest's extractors hand out values without their keys"
#: The streams that a manifest cannot carry, and why.
LEFT_OUT: Mapping[str, str] = {
    "versions": f"versions {_KEYS_LOST}",
    "files": f"the versions that list them {_KEYS_LOST}; and wheels' names are to be taken apart",
    "dependencies": "requirements are to be parsed (PEP 508), which takes a parser",
    "urls": f"labels {_KEYS_LOST}",
    "attestations": "certificates (X.509) are to be read in documents that a project's page leads to",
    "core_metadata": "METADATA files, which are no JSON, are to be chosen among a release's files and parsed",
    "statuses": "a row is made of two documents, and also where neither is there (404); a manifest makes it of one",
}
