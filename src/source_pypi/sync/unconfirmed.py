"""Requirements of an earlier run that the latest documents do not confirm, because they state none: null, or missing.

They are not followed, as in a first run. State keeps them, with a mark, so that ``--prune`` deletes no rows of projects
that may still be required.
"""

from collections.abc import Iterable, Iterator

from packaging.utils import NormalizedName, canonicalize_name

#: What an unconfirmed requirement begins with in state. No valid requirement begins with it.
_MARK = "? "


def with_unconfirmed(found: tuple[str, ...], earlier: Iterable[str]) -> tuple[str, ...]:
    """Return requirements, and those of an earlier run that are not among them, as unconfirmed ones."""
    texts = (text.removeprefix(_MARK) for text in earlier)
    return (*found, *(f"{_MARK}{text}" for text in dict.fromkeys(texts) if text not in found))


def confirmed(requirements: Iterable[str]) -> Iterator[str]:
    """Yield the requirements to follow."""
    return (text for text in requirements if not text.startswith(_MARK))


def names_of(requirements: Iterable[str], *, only_unconfirmed: bool) -> Iterator[NormalizedName]:
    """Yield the normalised names of required projects, whatever the markers and extras.

    :param only_unconfirmed: leave out the requirements that are followed.
    """
    from source_pypi.standards.requirements import lenient_requirement  # few runs follow dependencies

    for text in requirements:
        if only_unconfirmed and not text.startswith(_MARK):
            continue
        requirement = lenient_requirement(text.removeprefix(_MARK))
        if requirement is not None:
            yield canonicalize_name(requirement.name)
