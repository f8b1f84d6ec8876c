"""What the user should know of how a run chose the projects that it requests."""

from collections.abc import Iterator

from source_pypi.safety.wording import counted
from source_pypi.sync.listing import VisitList


def visit_warnings(visits: VisitList) -> Iterator[str]:
    """What the user should know of how the projects were chosen."""
    if visits.skipped:
        yield skipped_warning(visits.skipped, visits.shown_by)
    if visits.untrusted is not None:
        yield _untrusted_warning(*visits.untrusted)
    if visits.unknown_to_journal:
        yield _unknown_to_journal_warning(visits.unknown_to_journal)


def skipped_warning(count: int, shown_by: str = "list") -> str:
    """How many projects are not requested; ``shown_by``: what shows that they have not changed."""
    return f"{counted(count, 'project')} skipped: the index's {shown_by} shows no change"


def _untrusted_warning(changed: int, sampled: int) -> str:
    return (
        f"the index's list of projects does not show their changes ({changed} of {sampled} projects that looked "
        "unchanged have changed): every project is requested"
    )


def _unknown_to_journal_warning(count: int) -> str:
    return (
        f"the index's list of projects shows {counted(count, 'change')} that its journal does "
        "not have: the next run reads the list again"
    )
