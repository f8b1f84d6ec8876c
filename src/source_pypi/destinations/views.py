"""What all stores know of views: the comment on a view, and the views of earlier releases."""

from collections.abc import Callable

from source_pypi.destinations.tables import OURS
from source_pypi.queries import Query, views

#: Views that earlier releases created under other names.
OLD_VIEWS = ("sole_maintainer", "yanked_in_use")


def comment_of(view: Query) -> str:
    """The comment on a view: what a row is, what the view answers, and what it needs."""
    return f"{OURS}{view.row}. It answers: {view.question} It needs: {', '.join(view.needs)}."


def creatable(is_ours: Callable[[str], bool | None]) -> list[Query]:
    """The views that can be created, in the order in which they must be: everything that they need exists.

    :param is_ours: whether a table or view is ours; None: there is none by this name.
    """
    names = {view.name for view in views()}
    found: dict[str, Query] = {}
    for view in views():
        needs = all(need in found if need in names else is_ours(need) for need in view.needs)
        if needs and is_ours(view.name) is not False:
            found[view.name] = view
    return list(found.values())


def not_created(view: str, error: Exception | str) -> str:
    """The warning that a view could not be created; the sync goes on."""
    return f"the view {view} was not created: {str(error).partition(chr(10))[0]}"
