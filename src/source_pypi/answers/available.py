"""Which questions a database can answer, and what is missing for the others."""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from source_pypi.queries import Query, questions, views
from source_pypi.safety.wording import similar_names

#: Tables that come with every sync, or with an option instead of a stream.
_BROUGHT_BY = {
    "changes": "--history",
    **dict.fromkeys(("runs", "pins", "pin_clauses", "unnamed_requirements", "index_capabilities"), ""),
}


class Availability(Struct, frozen=True):
    """Whether a database can answer a question.

    :ivar missing: the tables and views that it lacks, as of ``missing_tables``; none: it can.
    :ivar remedy: the options of ``sync`` that would bring them; empty: it can, or every sync brings them.
    """

    query: Query
    missing: tuple[str, ...]
    remedy: str


def needed_tables(query: Query) -> tuple[str, ...]:
    """The tables that a query needs, also those of the views that it reads."""
    by_name = {view.name: view for view in views()}
    found: dict[str, None] = {}
    for name in query.needs:
        found.update(dict.fromkeys(needed_tables(by_name[name]) if name in by_name else [name]))
    return tuple(found)


def missing_tables(needs: Iterable[str], existing: Collection[str]) -> tuple[str, ...]:
    """The tables that a database lacks among those that a query needs, also through views that it lacks.

    A view that exists brings its own tables. A view whose tables all exist is itself what is missing.
    """
    by_name = {view.name: view for view in views()}
    found: dict[str, None] = {}
    for name in needs:
        if name not in existing:
            below = missing_tables(by_name[name].needs, existing) if name in by_name else ()
            found.update(dict.fromkeys(below or (name,)))
    return tuple(found)


def availability(query: Query, existing: Collection[str]) -> Availability:
    """Whether a database with these tables and views can answer a question."""
    missing = missing_tables(query.needs, existing)
    return Availability(query, missing, _remedy(missing, needed_tables(query)) if missing else "")


def _remedy(missing: Sequence[str], needed: Iterable[str]) -> str:
    """The options of ``sync``; ``--streams`` names all streams that the question needs, since the option is a list."""
    options = [_BROUGHT_BY[name] for name in missing if _BROUGHT_BY.get(name)]
    history = any(name.endswith("_history") for name in missing) and "--history" not in options
    streams = [name for name in needed if name not in _BROUGHT_BY and not name.endswith("_history")]
    if any(name not in _BROUGHT_BY and not name.endswith("_history") for name in missing):
        options.insert(0, f"--streams {','.join(streams)}")
    return " ".join([*options, *(["--history"] if history else [])])


def find_question(name: str) -> Query | None:
    """The question of a name, in which ``_`` stands for ``-``, too; None: there is none."""
    wanted = name.lower().replace("_", "-")
    return next((one for one in questions() if one.name == wanted), None)


def similar_questions(name: str, others: Iterable[str] = ()) -> list[str]:
    """Names of questions, or others, that are spelled like a name, or have one of its words."""
    names = [one.name for one in questions()]
    names += [other for other in others if other.replace("_", "-") not in names]
    found = similar_names(name.lower().replace("_", "-"), names) or similar_names(name, names)
    words = set(_words(name))
    return found or [one for one in names if words & set(_words(one))][:3]


def _words(name: str) -> list[str]:
    """The words of a name that are long enough to compare."""
    return [word for word in name.lower().replace("_", "-").split("-") if len(word) > 3]
