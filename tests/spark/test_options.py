"""``spark/options.py``: options are texts, and become the stream, the projects, the settings."""

import pickle

import pytest
from distlib.index import DEFAULT_INDEX

from source_pypi.config import make_config
from source_pypi.errors import SettingError, UnknownStreamError
from source_pypi.spark.options import ReadOptions, read_options
from source_pypi.streams import NAMES

OWN = {"index_url": "http://index.test/simple/"}


def test_names_of_options_are_not_case_sensitive() -> None:
    """Names are read in any case; Spark passes on what the user wrote."""
    made = read_options({"Stream": "files", "path": "flask", "PushDown": "true", "Max_Concurrency": "2"})
    config = make_config({"projects": ["flask"], "max_concurrency": 2})
    assert made == ReadOptions(stream_name="files", config=config, pushdown=True)


@pytest.mark.parametrize(
    ("options", "projects"),
    [
        ({"path": "flask,requests"}, ("flask", "requests")),
        ({"path": " flask , requests==2.31.0,"}, ("flask", "requests==2.31.0")),
        ({"path": "flask>=2,<3,requests[socks,use-chardet] >= 2 , != 2.5"},
         ("flask>=2,<3", "requests[socks,use-chardet] >= 2 , != 2.5")),
        ({"paths": '["flask", "requests>=2,<3"]'}, ("flask", "requests>=2,<3")),
        ({"path": "flask", "projects": "click"}, ("flask", "click")),
        ({}, ()),
    ],
)  # fmt: skip
def test_projects(options: dict[str, str], projects: tuple[str, ...]) -> None:
    """Projects are in ``load`` (a text or a list) and in an option, with ranges and extras, which contain commas."""
    assert read_options({"stream": "files", **options}).config.projects == projects


def test_settings_have_their_types() -> None:
    """Texts become what the settings are: numbers, booleans, lists."""
    options = {"stream": "files", "whole_index": "TRUE", "top": "5", "requests_per_second": "0.5", "exclude": "a-*,b"}
    expected = {"whole_index": True, "top": 5, "requests_per_second": 0.5, "exclude": ["a-*", "b"]}
    assert read_options(options).config == make_config(expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"index_ur": "x"}, "setting 'index_ur': there is no such setting; did you mean 'index_url'?"),
        ({"top": "many"}, "setting 'top': must be a whole number, not 'many'"),
        ({"top": "-1"}, "setting 'top': Expected `int` >= 0"),
        ({"pushdown": "perhaps"}, "setting 'pushdown': must be true or false, not 'perhaps'"),
        ({"on_error": "ignore"}, "setting 'on_error': must be fail or warn, not 'ignore'"),
        ({"missing_projects": "no"}, "setting 'missing_projects': must be auto, fail or warn, not 'no'"),
        ({"partitions": "x", **OWN}, "setting 'partitions': must be a whole number, not 'x'"),
        ({"requests_per_second": ""}, "setting 'requests_per_second': must be a number, not ''"),
        ({"partitions": "0", **OWN}, "setting 'partitions': must be 1 or more"),
        ({"poll_seconds": "0"}, "setting 'poll_seconds': must be 1 or more: the index asks for at most one request per "
         "second"),
        ({"partitions": "2", "follow_dependencies": "1", **OWN}, "setting 'partitions': cannot be used with "
         "follow_dependencies: which projects to read is known only while reading"),
    ],
)  # fmt: skip
def test_invalid_option(options: dict[str, str], message: str) -> None:
    """An option that does not exist or is invalid is an error that names it."""
    with pytest.raises(SettingError) as raised:
        read_options({"stream": "files", "path": "flask", **options})
    assert str(raised.value) == message


@pytest.mark.parametrize("options", [{}, {"stream": ""}])
def test_stream_is_required(options: dict[str, str]) -> None:
    """Without the option ``stream``, the error names the option and the streams."""
    with pytest.raises(SettingError) as raised:
        read_options({"path": "flask", **options})
    assert str(raised.value) == f"the option 'stream' is required; available: {', '.join(NAMES)}"


@pytest.mark.parametrize("stream", ["file", "all"])
def test_unknown_stream(stream: str) -> None:
    """A DataFrame has one stream; if its name is unknown, the streams are listed."""
    with pytest.raises(UnknownStreamError, match="a DataFrame has the rows of one stream"):
        read_options({"stream": stream, "path": "flask"})


@pytest.mark.parametrize("url", [None, DEFAULT_INDEX, DEFAULT_INDEX.removesuffix("/pypi") + "/simple/"])
def test_public_index_has_one_task(url: str | None) -> None:
    """The public index is not divided among tasks, however its URL is written; an index of one's own is."""
    options = {"stream": "files", "path": "flask", "partitions": "2"}
    with pytest.raises(SettingError, match="the public index asks clients to send one request at a time"):
        read_options(options | ({} if url is None else {"index_url": url}))
    assert read_options(options | OWN).partitions == 2
    assert read_options(options | {"partitions": "1"}).partitions == 1


def test_options_are_pickled() -> None:
    """Options travel from the driver to the workers."""
    made = read_options({"stream": "events", "events_since": "5", **OWN})
    assert pickle.loads(pickle.dumps(made)) == made
