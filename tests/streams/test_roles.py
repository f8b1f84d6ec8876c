"""``roles``: a row for each role of a user in a project."""

from collections.abc import Callable
from typing import Any

import pytest

from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.streams.roles import Role, roles_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.streams import documents_of, documents_with
from tests.sync.helpers import read


def test_roles_of_a_project() -> None:
    """Each role of each user is a row, owners first, then by user, as the index orders them."""
    world = World()
    world.add("Foo", owner="zoe")
    world.add_role("Foo", "al", "Maintainer")
    world.add_role("Foo", "bo")
    world.add_role("Foo", "bo", "Maintainer")
    assert list(roles_rows(documents_of(world, "foo"))) == [
        Role(project="foo", role="Owner", user="bo"),
        Role(project="foo", role="Owner", user="zoe"),
        Role(project="foo", role="Maintainer", user="al"),
        Role(project="foo", role="Maintainer", user="bo"),
    ]


@pytest.mark.parametrize(
    ("ownership", "expected"),
    [
        (None, []),
        ({}, []),
        ({"roles": None, "organization": "acme"}, []),
        ({"roles": []}, []),
        ({"roles": [{"role": "Owner", "user": "al"}] * 2}, ["al"]),
        ({"roles": [{"role": "Owner"}, {"user": "al"}, {"role": "", "user": "al"}, {"role": "Owner", "user": ""}]}, []),
    ],
)
def test_repeated_and_incomplete_roles(ownership: Any, expected: list[str]) -> None:
    """A repeated role is one row, and one without role or user is none."""
    assert [row.user for row in roles_rows(documents_with({"info": {}, "ownership": ownership}))] == expected  # type: ignore[union-attr]


def test_missing_ownership_has_no_rows() -> None:
    """Without a document, or without ownership in it, there are no rows."""
    assert list(roles_rows(documents_with({"info": {}}))) == []
    assert list(roles_rows(ProjectDocuments(project="foo"))) == []
    assert list(roles_rows(ProjectDocuments(project=None))) == []


def test_requests(world: World, fake: FakeIndex, connect: Callable[..., Index]) -> None:
    """Roles come with the project document, whichever releases are read."""
    world.add("foo", ["1.0", "2.0"], owner="al")
    (batch,) = read(connect(fake), ["foo", "foo==1.0"], choose_streams(["roles", "files"]), releases="all")
    assert rows_in(batch)["roles"] == [Role(project="foo", role="Owner", user="al")]
    assert fake.counts == {"/pypi/foo/json": 1}
