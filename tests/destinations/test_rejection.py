"""destinations/rejection.py: a package that a store refuses is written again by halves."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from source_pypi.config import make_config
from source_pypi.destinations.rejection import MOST_REJECTED, write_by_halves
from source_pypi.errors import DestinationError
from source_pypi.selection import select
from source_pypi.sync.batch import Change
from tests.batches import SEEN, batch_with
from tests.destinations.loading import FOO, NOW, OTHER, OpenLoader, contents

#: Why a store refused a package.
PACKAGE = DestinationError("x.duckdb", "the package")


class RefusingStore:
    """Refuses the rows of some projects, and with them everything that comes in the same package.

    :ivar written: the projects of each package, one letter a project.
    """

    def __init__(self, refused: Collection[str]) -> None:
        self._refused, self.written = refused, list[str]()

    def __call__(self, projects: Sequence[str]) -> DestinationError | None:
        """Write a package."""
        self.written.append("".join(projects))
        at_fault = [one for one in projects if one in self._refused]
        return DestinationError("x.duckdb", at_fault[0]) if at_fault else None

    def reasons(self, projects: str) -> dict[str, str]:
        """Write these projects, and return those that were rejected, with the reason."""
        rejected = write_by_halves(list(projects), self, PACKAGE)
        return {project: error.reason for project, error in rejected.items()}


@pytest.mark.parametrize(
    ("projects", "refused", "written"),
    [
        ("abcd", "c", ["ab", "cd", "c", "d"]),
        ("abcd", "ad", ["ab", "a", "b", "cd", "c", "d"]),
        ("abcde", "e", ["ab", "cde", "c", "de", "d", "e"]),
        ("abcdefgh", "b", ["abcd", "ab", "a", "b", "cd", "efgh"]),
        ("ab", "b", ["a", "b"]),
        ("abcd", "", ["ab", "cd"]),
    ],
)
def test_only_halves_that_are_refused_are_written_again(projects: str, refused: str, written: list[str]) -> None:
    """A half is written once; if it is refused, so are its halves, and the projects at fault are left with reasons."""
    store = RefusingStore(refused)
    assert store.reasons(projects) == {project: project for project in refused}
    assert store.written == written


def test_only_project_is_rejected() -> None:
    """A package of one project is written once more; the project is rejected, whatever store is at fault."""
    store = RefusingStore("a")
    assert store.reasons("a") == {"a": "a"}
    assert store.written == ["a"]


@pytest.mark.parametrize("projects", ["ab", "abcde"])
def test_first_error_is_raised_if_all_are_refused(projects: str) -> None:
    """If each of several projects is refused, the store is at fault: the error of the package is raised."""
    store = RefusingStore(projects)
    with pytest.raises(DestinationError) as caught:
        store.reasons(projects)
    assert caught.value is PACKAGE
    assert [one for one in store.written if len(one) == 1] == list(projects)


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def test_first_error_is_raised_once_too_many_are_refused() -> None:
    """If a store refuses more than ``MOST_REJECTED`` projects before it accepts one, the others are not tried."""
    store = RefusingStore(LETTERS[: MOST_REJECTED + 1])
    with pytest.raises(DestinationError) as caught:
        store.reasons(LETTERS)
    assert caught.value is PACKAGE
    assert [one for one in store.written if len(one) == 1] == list(LETTERS[: MOST_REJECTED + 1])


@pytest.mark.parametrize("refused", [LETTERS[:MOST_REJECTED], LETTERS[1:]], ids=["at first", "after one"])
def test_many_are_rejected_where_one_is_accepted(refused: str) -> None:
    """Up to ``MOST_REJECTED`` projects may be refused before one is accepted, and any number after it."""
    assert RefusingStore(refused).reasons(LETTERS) == {project: project for project in refused}


def test_other_errors_end_the_attempt() -> None:
    """An error that ``write`` raises, such as a lost connection, is passed on; nothing further is written."""
    lost, written = DestinationError("x.duckdb", "the connection was lost"), list[str]()

    def write(projects: Sequence[str]) -> DestinationError | None:
        written.append("".join(projects))
        if len(written) == 2:
            raise lost
        return PACKAGE

    with pytest.raises(DestinationError) as caught:
        write_by_halves(list("abcd"), write, PACKAGE)
    assert caught.value is lost
    assert written == ["ab", "a"]


# In each store --------------------------------------------------------------------------------------------------------


def test_refused_rows_fail_their_project_only(open_loader: OpenLoader, tmp_path: Path) -> None:
    """If the store refuses a project's rows, that project fails and keeps its old ones; others are loaded.

    In a folder of Parquet, which has no transactions, its state goes: it is read again.
    """
    with open_loader() as loader:
        loader.add(batch_with("bad", {"files": [{"project": "bad", "filename": "old.whl"}]}))
        loader.finish()
    requested = select(make_config({"projects": ["bad", "foo"]})).requested
    with open_loader(now=NOW + 60, requested=requested) as loader:
        loader.add(batch_with("foo", FOO))
        refused = [{"project": "bad", "filename": "new.whl", "uploaded_at": "yesterday"}]
        later = {"files": Change(OTHER, 1, batch_with("bad", {"files": refused}).changes["files"].lines)}
        loader.add(batch_with("bad", changes=later))
        loader.add(batch_with("gone", {"files": []}))
        loader.commit()
        assert loader.load(["bad", "foo", "gone"]) == {
            **({} if (tmp_path / "x").is_dir() else {"bad": {"files": SEEN}}),
            "foo": {"files": SEEN, "versions": SEEN},
            "gone": {"files": SEEN},
        }
    assert contents(tmp_path, "files", "project, filename") == [("bad", "old.whl"), ("foo", "foo.whl")]
    assert contents(tmp_path, "versions", "project") == [("foo",)]
    assert contents(tmp_path, "pins", "project") == [("bad",), ("foo",)]
    (rejected,) = loader.rejected
    assert (rejected.project, list(rejected.failures)) == ("bad", ["files"])
    message = str(rejected.failures["files"])
    assert ": the rows of bad were refused, and stay as they were: " in message
    assert "\n" not in message


def test_store_that_refuses_everything_is_one_error(open_loader: OpenLoader) -> None:
    """If all of several projects are refused, the store is at fault: one error, and the run ends."""
    loader = open_loader().__enter__()
    for name in ("a", "b"):
        loader.add(batch_with(name, {"files": [{"project": name, "filename": "x", "uploaded_at": "yesterday"}]}))
    with pytest.raises(DestinationError) as caught:
        loader.commit()
    loader.__exit__(DestinationError, caught.value, None)
    assert loader.rejected == []
