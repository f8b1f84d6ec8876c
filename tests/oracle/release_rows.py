"""The rows that are made of one release: requirements, classifiers, addresses, advisories, attestations, METADATA."""

from collections.abc import Callable

from tests.oracle.simulator import provenance
from tests.oracle.simulator.documents import Site, release_document
from tests.oracle.simulator.model import Bundle, DistFile, Project, Release
from tests.oracle.values import Row, in_order, requirement_parts, text, well_known


def _key(project: Project, release: Release) -> Row:
    return {"project": project.key, "version": release.version}


def offering(release: Release) -> list[DistFile]:
    """The files whose METADATA may stand for the release: wheels, or else source distributions, that offer it."""
    offers = [file for file in release.files if file.metadata is not None]
    wheels = [file for file in offers if file.packagetype == "bdist_wheel"]
    return wheels or [file for file in offers if file.packagetype == "sdist"]


def dependencies(project: Project, release: Release, *, from_files: bool) -> list[Row]:
    """The requirements of a release; `from_files`: of its METADATA, where the index says nothing of them."""
    written, source = release.shown_requirements, "index"
    if written is None and from_files and offering(release):
        written, source = [one for one in release.metadata.requires_dist or [] if one], "core_metadata"
    return [
        {
            **_key(project, release),
            "position": position,
            "requirement": one,
            **requirement_parts(one),
            "source": source,
        }
        for position, one in enumerate(written or [])
    ]


def _classifiers(_: Site, project: Project, release: Release) -> list[Row]:
    split = [(one, one.split(" :: ")) for one in release.metadata.classifiers]
    return [
        {**_key(project, release), "classifier": one, "category": parts[0], "parts": parts[1:], "source": "document"}
        for one, parts in split
    ]


def _urls(_: Site, project: Project, release: Release) -> list[Row]:
    """Labelled addresses; which well-known label Download-URL means is tested apart."""
    told = release.metadata
    found = [(label, url, "project_urls") for label, url in (told.project_urls or {}).items()]
    fields = (("Home-page", told.home_page, "home_page"), ("Download-URL", told.download_url, "download_url"))
    found += [(label, url, source) for label, url, source in fields if url is not None and text(url)]
    meant = {label: {"well_known": well_known(label)} for label, _, _ in found if label != "Download-URL"}
    return [
        {
            **_key(project, release),
            "label": label,
            "url": url,
            "source": source,
            "read_from": "document",
            **meant.get(label, {}),
        }
        for label, url, source in found
    ]


def _vulnerabilities(_: Site, project: Project, release: Release) -> list[Row]:
    return [
        {
            **_key(project, release),
            "id": advisory.id,
            "aliases": advisory.aliases,
            "summary": advisory.summary,
            "details": text(advisory.details),
            "fixed_in": in_order(advisory.fixed_in),
            "link": advisory.link,
            "source": "osv",
            "withdrawn_at": advisory.withdrawn,
        }
        for advisory in release.advisories
    ]


def _attestation(file: DistFile, bundle: Bundle, predicate: str, position: int) -> Row:
    return {
        "publisher_kind": bundle.kind,
        "publisher_repository": bundle.repository,
        "publisher_workflow": bundle.workflow,
        "publisher_environment": text(bundle.environment),
        "publisher_email": bundle.email,
        "publisher_claims": None,
        "predicate_type": predicate,
        "subject_name": file.filename,
        "subject_sha256": file.digest("sha256"),
        "certificate_identity": provenance.identity(bundle),
        "certificate_issuer": provenance.ISSUER,
        "certificate_not_before": provenance.NOT_BEFORE,
        "certificate_not_after": provenance.NOT_AFTER,
        "integrated_at": provenance.INTEGRATED,
        "log_index": bundle.log_index + position,
        "statement": provenance.statement(file, predicate),
        "parse_error": False,
    }


def _attestations(_: Site, project: Project, release: Release) -> list[Row]:
    return [
        {
            "filename": file.filename,
            "bundle": number,
            "position": position,
            **_key(project, release),
            **_attestation(file, bundle, predicate, position),
        }
        for file in release.files
        for number, bundle in enumerate(file.bundles)
        for position, predicate in enumerate(bundle.statements)
    ]


def _release(site: Site, project: Project, release: Release) -> list[Row]:
    return [{**_key(project, release), **release_document(site, project, release)}]


def _core_metadata(_: Site, project: Project, release: Release) -> list[Row]:
    """
    One row a release that offers METADATA, with its main fields. Which of several wheels it is read from is not
    documented, so that `filename` is left out; they are all the same.
    """
    told = release.metadata
    if not offering(release):
        return []
    summary = text((told.summary or "").replace("\n", " "))
    return [
        {
            **_key(project, release),
            "metadata_version": "2.4",
            "declared_name": project.name,
            "declared_version": release.version,
            "summary": summary,
            "author_email": text(told.author_email),
            "license_expression": told.license_expression,
            "requires_python": text(told.requires_python),
            "classifiers": told.classifiers or None,
            "requires_dist": [one for one in told.requires_dist or [] if one] or None,
            "provides_extra": told.extras,
            "project_urls": told.project_urls,
            "unparsed": None,
        }
    ]


OF_RELEASE: dict[str, Callable[[Site, Project, Release], list[Row]]] = {
    "classifiers": _classifiers,
    "urls": _urls,
    "vulnerabilities": _vulnerabilities,
    "attestations": _attestations,
    "release": _release,
    "core_metadata": _core_metadata,
}
"""The streams that read a release at a time, but for dependencies, each with what makes its rows."""
