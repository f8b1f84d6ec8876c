"""How many requests a run will send, estimated before the first one."""

from collections.abc import Sequence

from msgspec import Struct

from source_pypi.config import Config
from source_pypi.selection import Selection
from source_pypi.services.index.documents.kinds import INDEX_DOCUMENTS, VIA_PROJECT, DocumentKind
from source_pypi.streams.stream import Stream
from source_pypi.sync.fetch_plan import FetchPlan, make_fetch_plan, needs_page


class RequestEstimate(Struct, frozen=True):
    """The requests for one kind of document, of a run without state.

    :ivar kind: the kind, or the service.
    :ivar requests: how many at least.
    :ivar more: what further requests depend on; empty: there are none.
    """

    kind: str
    requests: int
    more: str = ""


def estimate_requests(streams: Sequence[Stream], selection: Selection, config: Config) -> list[RequestEstimate]:
    """Return the requests that a run would send if nothing had been read before, by kind of document.

    What an earlier run has read takes fewer: a state is not looked at. Retries are not counted.
    """
    of_index = {kind for stream in streams for kind in stream.documents} & INDEX_DOCUMENTS
    of_projects = [stream for stream in streams if stream.of_project]
    estimates = []
    if of_projects:
        estimates = _of_projects(make_fetch_plan(of_projects, config), selection)
        of_index |= {DocumentKind.LISTING} if selection.whole_index else set()
    services = {stream.service: stream.cost for stream in streams if stream.service}
    of_services = [RequestEstimate(f"service {name}", 0, cost) for name, cost in services.items()]
    return [*(RequestEstimate(kind, 1) for kind in sorted(of_index)), *estimates, *of_services]


def _of_projects(plan: FetchPlan, selection: Selection) -> list[RequestEstimate]:
    projects = len(selection.projects)
    further = "1 for each project on the index's list" if selection.whole_index else ""
    required = "1 for each project that these require" if selection.follow else ""
    each = "; ".join(filter(None, (further, required)))
    estimates = []
    if plan.documents & VIA_PROJECT:
        estimates.append(RequestEstimate(DocumentKind.PROJECT, projects, each))
    if needs_page(plan, absent=False, has_document=True):
        estimates.append(RequestEstimate(DocumentKind.PAGE, projects, each))
    if DocumentKind.RELEASES in plan.documents or plan.follow:
        pins = sum(len(one.pins) + len(one.ranges) for one in selection.projects)
        every = plan.releases == "all" and (selection.whole_index or any(one.unpinned for one in selection.projects))
        estimates.append(RequestEstimate(DocumentKind.RELEASES, pins, "1 for each release" if every else ""))
    if DocumentKind.PROVENANCE in plan.documents:
        estimates.append(RequestEstimate(DocumentKind.PROVENANCE, 0, "1 for each file with provenance"))
    if DocumentKind.CORE_METADATA in plan.documents:
        estimates.append(RequestEstimate(DocumentKind.CORE_METADATA, 0, "1 for each selected release that has it"))
    elif plan.use_core_metadata:
        estimates.append(RequestEstimate(DocumentKind.CORE_METADATA, 0, "1 for each release without dependencies"))
    return [one for one in estimates if one.requests or one.more]
