"""sync/name_list.py: the names of very many projects."""

import pytest

from source_pypi.sync.name_list import NameList


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001, 2_500])
def test_names_are_those_of_a_list(count: int) -> None:
    """It has the texts of a list: by position, by slice and one after another, whatever characters they have."""
    names = [f"name-{number}\n\0\u20ac" for number in range(count)]
    packed = NameList(iter(names))
    assert len(packed) == count
    assert list(packed) == names
    assert [packed[position] for position in range(-count, count)] == names * 2
    for chosen in (slice(None), slice(990, 1_010), slice(-3, None), slice(5, 2), slice(0, 5_000, 700)):
        assert packed[chosen] == names[chosen]


def test_position_that_does_not_exist() -> None:
    """A position outside is an error, as of a list."""
    with pytest.raises(IndexError):
        NameList(["a"])[1]
    with pytest.raises(IndexError):
        NameList(["a"])[-2]


def test_positions_in_any_order() -> None:
    """Texts of different places are right in any order."""
    names = [str(number) for number in range(3_000)]
    packed = NameList(names)
    order = [2_999, 0, 1_500, 1_499, 999, 1_000, 2_000]
    assert [packed[position] for position in order] == [names[position] for position in order]
