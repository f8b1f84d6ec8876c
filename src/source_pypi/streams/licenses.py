"""``licenses``: the licence of a release, as uploaded and as an SPDX expression."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.licenses import is_license, license_expression, license_of_classifiers
from source_pypi.streams._fields import NOT_GIVEN, ProjectName, ReleaseSource, ReleaseVersion
from source_pypi.streams._metadata import METADATA
from source_pypi.streams._pages import DOCUMENT
from source_pypi.streams._values import text
from source_pypi.streams.stream import ONE_PER_RELEASE_OR_METADATA, ProjectDocuments, ReleaseView, Row, Stream


class License(Struct, frozen=True, kw_only=True, gc=False):
    """The licence that the metadata of a release states."""

    project: ProjectName
    version: ReleaseVersion
    expression: Annotated[
        str | None,
        describe(
            "The licence as an SPDX expression in its normal form: License-Expression (PEP 639); else License, if it "
            "is an SPDX expression; else the licence that the only licence classifier names.",
            source="info.license_expression, info.license, info.classifiers",
            null="none is stated, it is no SPDX expression, there are several licence classifiers, or the classifier "
            "leaves the licence open: BSD License, Apache Software License, GPLv3 without 'or later', and others "
            "(PEP 639)",
        ),
    ]
    expression_source: Annotated[
        str | None,
        describe(
            "What expression is from: 'license_expression', 'license' or 'classifiers'.",
            source="the field that it was read from",
            null="there is no expression",
        ),
    ]
    license_expression: Annotated[
        str | None,
        describe("License-Expression (PEP 639), as uploaded.", source="info.license_expression", null=NOT_GIVEN),
    ]
    license: Annotated[
        str | None,
        describe("Licence as free text, possibly its full text.", source="info.license", null=NOT_GIVEN),
    ]
    classifiers: Annotated[
        list[str] | None,
        describe("The classifiers that begin with 'License ::'.", source="info.classifiers", null=NOT_GIVEN),
    ]
    source: ReleaseSource


def licenses_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The licence of each selected release, also of one that states none."""
    if documents.project is not None:
        for release in documents.described_releases:
            yield _row(documents.project, release)


def _row(project: str, release: ReleaseView) -> License:
    info = release.content.info
    given = info.classifiers
    classifiers = None if given is None else [one for one in dict.fromkeys(given) if is_license(one)]
    stated, raw = text(info.license_expression), text(info.license)
    expression, source = _expression(stated, raw, classifiers or [])
    return License(
        project=project,
        version=release.version,
        expression=expression,
        expression_source=source,
        license_expression=stated,
        license=raw,
        classifiers=classifiers,
        source=METADATA if release.from_metadata else DOCUMENT,
    )


def _expression(stated: str | None, raw: str | None, classifiers: list[str]) -> tuple[str | None, str | None]:
    """The SPDX expression, and the field that it is from."""
    candidates = {
        "license_expression": stated and license_expression(stated),
        "license": raw and license_expression(raw),
        "classifiers": license_of_classifiers(classifiers),
    }
    return next(((found, field) for field, found in candidates.items() if found), (None, None))


STREAM = Stream(
    name="licenses",
    row="the licence of a release",
    record=License,
    key=("project", "version"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_PER_RELEASE_OR_METADATA,
    rows=licenses_rows,
    from_metadata=True,
)
