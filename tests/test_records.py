"""records.py: the types of rows."""

import pickle

import pytest

import source_pypi
from source_pypi import records
from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex, World


def test_each_stream_has_a_type() -> None:
    """Each stream of rows with columns has a type of its own: a subclass of its record and of ``Record``."""
    flat = [stream for stream in STREAMS if not stream.raw]
    types = [getattr(records, stream.record.__name__) for stream in flat]
    assert len(set(types)) == len(flat)
    assert all(issubclass(type_, (stream.record, records.Record)) for type_, stream in zip(types, flat, strict=True))
    assert dir(records) == sorted(["Document", "Record", *(stream.record.__name__ for stream in flat)])


def test_other_names_do_not_exist() -> None:
    """Another name raises AttributeError."""
    with pytest.raises(AttributeError, match="has no attribute 'Fiel'"):
        _ = records.Fiel  # type: ignore[attr-defined]


def test_rows_can_be_pickled(world: World, fake: FakeIndex) -> None:
    """Rows can be pickled, so that other processes take them."""
    world.add("flask", releases=["1.0"])
    rows = list(source_pypi.read("files", ["flask"], index_url=fake.url))
    assert pickle.loads(pickle.dumps(rows)) == rows
