"""Settings: defaults, accepted values, and the errors for invalid ones."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from source_pypi.config import Config, config_of, environment_note, make_config, read_config, without_unknown
from source_pypi.errors import SettingError
from source_pypi.standards.index_urls import default_url

DEFAULTS: dict[str, Any] = {
    "projects": (),
    "project_name": None,
    "version": None,
    "requirements": None,
    "whole_index": False,
    "exclude": (),
    "follow_dependencies": 0,
    "releases": "latest",
    "core_metadata": False,
    "track_removed": True,
    "full_check_days": 7,
    "index_url": None,
    "index_from": "settings",
    "any_index": False,
    "index_username": None,
    "index_password": None,
    "credentials_from": "settings",
    "ca_bundle": None,
    "contact": None,
    "requests_per_second": 5,
    "max_concurrency": 1,
    "request_timeout_seconds": 30,
    "events_url": None,
    "events_since": None,
    "advisories_url": "https://storage.googleapis.com/osv-vulnerabilities",
    "missing_projects": "auto",
    "max_deleted_share": 0.2,
    "accept_deletions": False,
    "top": 0,
    "top_url": "https://hugovk.dev/top-pypi-packages/top-pypi-packages.min.json",
    "downloads_from": "pypistats",
    "downloads_url": "https://pypistats.org",
    "downloads_by": ("python", "system"),
    "downloads_days": 180,
    "downloads_per_minute": 29,
    "clickhouse_url": "https://sql-clickhouse.clickhouse.com",
    "clickhouse_database": "pypi",
    "clickhouse_username": "demo",
    "clickhouse_password": None,
    "clickhouse_queries_per_hour": 60,
}
ALL: dict[str, Any] = {
    "projects": ["flask", "requests==2.31.0"],
    "project_name": "sampleproject",
    "version": "1.2.0",
    "requirements": "flask>=3\nrequests==2.31.0",
    "whole_index": True,
    "exclude": ["internal-*", "setuptools"],
    "follow_dependencies": 2,
    "releases": "all",
    "core_metadata": True,
    "track_removed": False,
    "full_check_days": 0.5,
    "index_url": "https://packages.example.com/root/mirror",
    "index_from": "environment",
    "any_index": True,
    "index_username": "alice",
    "index_password": "secret",
    "credentials_from": "netrc",
    "ca_bundle": "/etc/ssl/company.pem",
    "contact": "data-team@example.com",
    "requests_per_second": 0.5,
    "max_concurrency": 8,
    "request_timeout_seconds": 2.5,
    "events_url": "https://packages.example.com/pypi",
    "events_since": "2026-01-01",
    "advisories_url": "file:/srv/osv",
    "missing_projects": "warn",
    "max_deleted_share": 0.5,
    "accept_deletions": True,
    "top": 100,
    "top_url": "https://data.example.com/top.json",
    "downloads_from": "clickhouse",
    "downloads_url": "https://stats.example.com",
    "downloads_by": ["version+country", "installer"],
    "downloads_days": 30,
    "downloads_per_minute": 0,
    "clickhouse_url": "https://clickhouse.example.com:8443",
    "clickhouse_database": "downloads",
    "clickhouse_username": "reader",
    "clickhouse_password": "hidden",
    "clickhouse_queries_per_hour": 1_000,
}
ADDRESS = "must be a URL such as https://packages.example.com/simple/"
TOGETHER = "index_username and index_password must be set together"


def test_defaults() -> None:
    """A configuration without settings has every default."""
    assert make_config({}) == Config(**DEFAULTS)
    assert {name: getattr(Config(), name) for name in Config.__struct_fields__} == DEFAULTS


def test_every_setting_is_read() -> None:
    """Every setting has the value that is given."""
    lists = {name: tuple(ALL[name]) for name in ("projects", "exclude", "downloads_by")}
    expected = Config(**{**ALL, **lists})
    assert make_config(ALL) == expected
    assert ALL.keys() == set(Config.__struct_fields__)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"project_name": "sampleproject"}, Config(project_name="sampleproject")),
        ({"project_name": "sampleproject", "version": "1.2.0"}, Config(project_name="sampleproject", version="1.2.0")),
        ({"project_name": "sampleproject", "version": ""}, Config(project_name="sampleproject")),
        ({"project_name": "sampleproject", "version": None}, Config(project_name="sampleproject")),
    ],
)
def test_configuration_of_0_2_is_accepted(settings: dict[str, Any], expected: Config) -> None:
    """A configuration of source-pypi 0.2.x keeps its meaning."""
    assert make_config(settings) == expected


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_texts_give_the_default(name: str, nothing: str | None) -> None:
    """A setting that is null or an empty text has its default; an index must have a name."""
    if (name, nothing) != ("index_url", ""):
        assert make_config({name: nothing}) == Config()


def test_empty_index_is_not_the_public_index() -> None:
    """An empty URL, as from a variable that is not set, is an error; a form of Airbyte leaves the field empty."""
    with pytest.raises(SettingError) as caught:
        make_config({"index_url": "", "projects": ["our-private-name"]})
    assert str(caught.value) == (
        "setting 'index_url': is empty; name an index, or leave it out to read the public index"
    )
    assert without_unknown({"index_url": "", "project_name": "foo"}) == ({"project_name": "foo"}, [])


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("index_ur", "index_url"),
        ("index-url", "index_url"),
        ("indexUrl", "index_url"),
        ("Index_URL", "index_url"),
        ("url", "index_url"),
        ("index", "index_url"),
        ("base_url", "index_url"),
        ("extra_index_url", "index_url"),
        ("project", "projects"),
        ("max_concurency", "max_concurrency"),
        ("password", "index_password"),
    ],
)
def test_misspelt_setting_is_refused_with_a_suggestion(name: str, hint: str) -> None:
    """An unknown setting is an error; a similar one is suggested. Airbyte's commands refuse a similar name as well."""
    for read in (make_config, without_unknown, lambda settings: config_of(["a"], settings)):
        with pytest.raises(SettingError) as caught:
            read({name: "x"})
        assert str(caught.value).startswith(f"setting {name!r}: there is no such setting; did you mean {hint!r}?")


def test_other_unknown_settings() -> None:
    """An unknown setting that is like none is an error too, but in Airbyte's commands, which leave it out."""
    settings = {"project_name": "foo", "start_date": 1, "__injected": {"a": [None]}}
    with pytest.raises(SettingError, match=r"^setting 'start_date': there is no such setting$"):
        make_config(settings)
    assert without_unknown(settings) == ({"project_name": "foo"}, ["start_date", "__injected"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("projects", []),
        ("projects", ["a"]),
        ("exclude", []),
        ("whole_index", False),
        ("follow_dependencies", 0),
        ("follow_dependencies", 100),
        ("releases", "latest"),
        ("requests_per_second", 0),
        ("requests_per_second", 100),
        ("max_concurrency", 1),
        ("max_concurrency", 64),
        ("request_timeout_seconds", 0.01),
        ("contact", "https://example.com/contact?a=b (the data team)"),
        ("index_url", "http://index.test"),
        ("index_url", "http://index.test/"),
        ("index_url", "HTTPS://Index.Test/simple/"),
        ("index_url", "http://127.0.0.1:8080/root/mirror/+simple/"),
        ("index_url", "http://[::1]:3141/simple"),
        ("index_url", "https://alice:secret@packages.example.com/simple/"),
    ],
)
def test_values_at_the_bounds_are_accepted(name: str, value: Any) -> None:
    """Values at the bounds are accepted."""
    expected: Any = tuple(value) if isinstance(value, list) else value
    assert make_config({name: value}) == Config(**{name: expected})


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"projects": "flask"}, "projects", "Expected `array`, got `str`"),
    ({"projects": {"flask": "1.0"}}, "projects", "Expected `array`, got `object`"),
    ({"projects": ["flask", 1]}, "projects[1]", "Expected `str`, got `int`"),
    ({"projects": [None]}, "projects[0]", "Expected `str`, got `null`"),
    ({"project_name": 1}, "project_name", "Expected `str | null`, got `int`"),
    ({"project_name": ["flask"]}, "project_name", "Expected `str | null`, got `array`"),
    ({"project_name": "a", "version": 1.2}, "version", "Expected `str | null`, got `float`"),
    ({"requirements": ["flask"]}, "requirements", "Expected `str | null`, got `array`"),
    ({"whole_index": "yes"}, "whole_index", "Expected `bool`, got `str`"),
    ({"whole_index": 1}, "whole_index", "Expected `bool`, got `int`"),
    ({"core_metadata": 0}, "core_metadata", "Expected `bool`, got `int`"),
    ({"exclude": "internal-*"}, "exclude", "Expected `array`, got `str`"),
    ({"exclude": [1]}, "exclude[0]", "Expected `str`, got `int`"),
    ({"follow_dependencies": -1}, "follow_dependencies", "Expected `int` >= 0"),
    ({"follow_dependencies": 101}, "follow_dependencies", "Expected `int` <= 100"),
    ({"follow_dependencies": True}, "follow_dependencies", "Expected `int`, got `bool`"),
    ({"releases": "newest"}, "releases", "must be latest or all, not 'newest'"),
    ({"releases": True}, "releases", "must be latest or all, not True"),
    ({"missing_projects": "no"}, "missing_projects", "must be auto, fail or warn, not 'no'"),
    ({"index_url": 1}, "index_url", "Expected `str | null`, got `int`"),
    ({"index_username": 1}, "index_username", "Expected `str | null`, got `int`"),
    ({"index_password": 1}, "index_password", "Expected `str | null`, got `int`"),
    ({"contact": {}}, "contact", "Expected `str | null`, got `object`"),
    ({"requests_per_second": "5"}, "requests_per_second", "Expected `float`, got `str`"),
    ({"requests_per_second": True}, "requests_per_second", "Expected `float`, got `bool`"),
    ({"requests_per_second": -1}, "requests_per_second", "Expected `float` >= 0.0"),
    ({"requests_per_second": float("nan")}, "requests_per_second", "Expected `float` >= 0.0"),
    ({"max_concurrency": 0}, "max_concurrency", "Expected `int` >= 1"),
    ({"max_concurrency": 65}, "max_concurrency", "Expected `int` <= 64"),
    ({"max_concurrency": 1.5}, "max_concurrency", "Expected `int`, got `float`"),
    ({"request_timeout_seconds": 0}, "request_timeout_seconds", "Expected `float` > 0.0"),
    ({"request_timeout_seconds": "30"}, "request_timeout_seconds", "Expected `float`, got `str`"),
    ({"version": "1.0"}, "version", "requires project_name; to pin an entry of projects, write name==version"),
    (
        {"version": "1.0", "project_name": "", "projects": ["a"]},
        "version",
        "requires project_name; to pin an entry of projects, write name==version",
    ),
    ({"index_username": "alice"}, "index_password", TOGETHER),
    ({"index_username": "alice", "index_password": ""}, "index_password", TOGETHER),
    ({"index_password": "secret"}, "index_password", TOGETHER),
    *(
        ({"contact": contact}, "contact", "must consist of printable ASCII characters, because it is sent in a header")
        for contact in ("caf\u00e9", "a\nb", "a\tb", "\x7f")
    ),
    *(
        ({"index_url": url}, "index_url", ADDRESS)
        for url in (
            "packages.example.com",
            "simple/",
            "//packages.example.com",
            "ftp://packages.example.com",
            "file://server/simple",
            "http://",
            "http:///simple",
            "http://:80/",
            "http://index.test:0/",
            "http://index.test:65536/",
            "http://index.test:http/",
            "http://[::1/",
            "http://index.test/a b",
            " http://index.test",
            "http://index.test/\n",
            "http://index.test/\x00",
        )
    ),
]


@pytest.mark.parametrize(("settings", "setting", "reason"), WRONG)
def test_invalid_setting_is_refused(settings: dict[str, Any], setting: str, reason: str) -> None:
    """An invalid setting is an error with its name and the reason."""
    with pytest.raises(SettingError) as caught:
        make_config(settings)
    assert (caught.value.setting, caught.value.reason) == (setting, reason)


@pytest.mark.parametrize(
    "settings",
    [
        {"index_password": "hunter2"},
        {"index_password": ["hunter2"]},
        {"index_username": "alice", "index_password": {"token": "hunter2"}},
        {"index_url": "http://alice:hunter2@index.test:0/"},
        {"index_url": "ftp://alice:hunter2@index.test/"},
    ],
)
def test_errors_have_no_secret(settings: dict[str, Any]) -> None:
    """The error for an invalid setting does not contain the secret."""
    with pytest.raises(SettingError) as caught:
        make_config(settings)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value)


@pytest.mark.parametrize("settings", [{}, ALL, {"project_name": "caf\u00e9"}])
def test_settings_are_read_from_a_file(settings: dict[str, Any], tmp_path: Path) -> None:
    """The settings are read from a JSON object in a file."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(settings, indent=2, ensure_ascii=False), encoding="utf-8")
    assert read_config(path) == make_config(settings)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_settings_in_any_unicode_encoding(encoding: str, tmp_path: Path) -> None:
    """A configuration is read in UTF-8, UTF-16 and UTF-32, with or without a byte order mark."""
    path = tmp_path / "config.json"
    path.write_bytes('{"project_name": "caf\u00e9"}'.encode(encoding))
    assert read_config(path) == Config(project_name="caf\u00e9")


def test_invalid_setting_in_a_file_is_refused(tmp_path: Path) -> None:
    """An invalid setting in a file is the same error."""
    path = tmp_path / "config.json"
    path.write_text('{"max_concurrency": 0}')
    with pytest.raises(SettingError) as caught:
        read_config(path)
    assert (caught.value.setting, caught.value.reason) == ("max_concurrency", "Expected `int` >= 1")


@pytest.mark.parametrize("content", [b"[]", b"null", b'"flask"', b"1", b"true"])
def test_file_without_an_object_is_refused(content: bytes, tmp_path: Path) -> None:
    """JSON that is not an object is an error with the file's name."""
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(SettingError) as caught:
        read_config(path)
    assert str(caught.value) == f"the configuration {path} must be a JSON object of settings"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"flask",
        b"project_name: flask",
        b"{'project_name': 'flask'}",
        b'{"project_name": "\xff"}',
        b'{"project_name": "\\ud800"}',
        b'{"requests_per_second": NaN}',
        pytest.param(b"[" * 100_000, id="deep lists"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="deep objects"),
    ],
)
def test_file_that_is_not_json_is_refused(content: bytes, tmp_path: Path) -> None:
    """A file that is not valid JSON is an error with its name."""
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(SettingError) as caught:
        read_config(path)
    assert caught.value.setting == ""
    assert str(caught.value).startswith(f"the configuration {path} is not valid JSON: ")


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A missing file is an error with its name."""
    path = tmp_path / "config.json"
    with pytest.raises(SettingError) as caught:
        read_config(path)
    assert str(caught.value) == f"the configuration {path} cannot be read: No such file or directory"


def test_folder_is_refused(tmp_path: Path) -> None:
    """A folder is an error with its name."""
    with pytest.raises(SettingError) as caught:
        read_config(tmp_path)
    assert str(caught.value) == f"the configuration {tmp_path} cannot be read: Is a directory"


MAIN, MORE = "https://ann:hunter2@main.example.com/simple", "https://more.example.com/simple/"


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"PIP_INDEX_URL": MAIN}, MAIN),
        ({"UV_DEFAULT_INDEX": MAIN}, MAIN),
        ({"UV_INDEX_URL": MAIN}, MAIN),
        ({"UV_INDEX": MAIN}, MAIN),
        ({"UV_INDEX": f"corp={MAIN} more={MORE}"}, MAIN),
        ({"PIP_EXTRA_INDEX_URL": f"{MORE} {MAIN}"}, MORE),
        ({"PIP_INDEX_URL": MAIN, "PIP_EXTRA_INDEX_URL": MORE}, MAIN),
        ({"PIP_INDEX_URL": default_url(), "UV_INDEX": MORE}, MORE),
        ({"PIP_INDEX_URL": default_url()}, default_url()),
        ({"PIP_INDEX_URL": "file:///srv/index", "UV_INDEX": MORE}, MORE),
    ],
)
def test_index_from_the_environment(variables: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With index_from, the variables of pip and uv name the index: the public one only if they name no other.

    index_url comes first; without index_from, the variables change nothing.
    """
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert make_config({"index_from": "environment"}).index_url == url
    assert make_config({"index_from": "environment", "index_url": "http://mine.test"}).index_url == "http://mine.test"
    assert make_config({}).index_url is None


def test_index_from_pip_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of pip are read as pip reads them: the user's, then that of PIP_CONFIG_FILE; variables come first."""
    monkeypatch.delenv("PIP_CONFIG_FILE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "environment"))
    (tmp_path / "config/pip").mkdir(parents=True)
    (tmp_path / "config/pip/pip.conf").write_text(f"[global]\nindex-url = {MAIN}\ntimeout = 5\n")
    assert make_config({"index_from": "environment"}).index_url == MAIN
    (tmp_path / "given.conf").write_text(f"[install]\nindex_url = {MORE}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "given.conf"))
    assert make_config({"index_from": "environment"}).index_url == MORE
    monkeypatch.setenv("PIP_INDEX_URL", "https://first.example.com")
    assert make_config({"index_from": "environment"}).index_url == "https://first.example.com"


def test_environment_without_an_index_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With index_from, an environment that names no index, or none that can be read, is an error without secrets."""
    with pytest.raises(SettingError, match=r"^setting 'index_from': is 'environment', but neither PIP_INDEX_URL, "):
        make_config({"index_from": "environment"})
    monkeypatch.setenv("PIP_INDEX_URL", "main.example.com/hunter2/simple")
    with pytest.raises(SettingError) as caught:
        make_config({"index_from": "environment"})
    assert str(caught.value) == f"setting 'index_from': the index in PIP_INDEX_URL {ADDRESS}"
    (tmp_path / "pip.conf").write_text("index-url = https://ann:hunter2@main.example.com")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(SettingError, match=r"pip.conf cannot be parsed: line 1 comes before the first \[section\]$"):
        make_config({"index_from": "environment"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"[global]\nindex-url = hunter2\nindex-url = hunter2\n",
            "cannot be parsed: line 3 repeats a section or an option",
        ),
        (b"[global]\n[global]\n", "cannot be parsed: line 2 repeats a section or an option"),
        (b"[global]\nhunter2\n", "cannot be parsed: line 2 is neither a [section] nor an option with a value"),
        (b"[global]\nindex-url = \xff\n", "cannot be read: it is not UTF-8"),
    ],
)
def test_pip_conf_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, reason: str
) -> None:
    """The error says which line is wrong, in words, and quotes nothing of the file."""
    path = tmp_path / "pip.conf"
    path.write_bytes(content)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    with pytest.raises(SettingError) as caught:
        make_config({"index_from": "environment"})
    assert str(caught.value) == f"setting 'index_from': {path} {reason}"


@pytest.mark.parametrize("value", ["1", "True", "yes"])
def test_environment_without_an_index_for_pip(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """If PIP_NO_INDEX is set, pip uses none of its indexes: one of uv is used, or it is an error that says so."""
    monkeypatch.setenv("PIP_NO_INDEX", value)
    monkeypatch.setenv("PIP_INDEX_URL", MAIN)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", MAIN)
    with pytest.raises(SettingError) as caught:
        make_config({"index_from": "environment"})
    assert str(caught.value) == (
        "setting 'index_from': is 'environment', but PIP_NO_INDEX says that pip uses no index; set index_url "
        "(--index-url) to name one"
    )
    assert environment_note(Config()) is None
    monkeypatch.setenv("UV_INDEX", MORE)
    assert make_config({"index_from": "environment"}).index_url == MORE


def test_pip_conf_without_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option no-index of a pip.conf counts, unless PIP_NO_INDEX says otherwise."""
    path = tmp_path / "pip.conf"
    path.write_text(f"[global]\nindex-url = {MAIN}\n[install]\nno-index = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    with pytest.raises(SettingError, match=rf"but {re.escape(str(path))} says that pip uses no index; set index_url"):
        make_config({"index_from": "environment"})
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    assert make_config({"index_from": "environment"}).index_url == MAIN


def test_note_about_another_index_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """If pip or uv would use another index than the one that is read, one line says so, without credentials."""
    assert environment_note(Config()) is None
    monkeypatch.setenv("PIP_INDEX_URL", MAIN)
    named = "the environment also names https://main.example.com/simple (PIP_INDEX_URL)"
    advice = "; to use it: --index-url, or --index-from environment"
    assert environment_note(Config()) == f"this run reads the public index, but {named}{advice}"
    other = Config(index_url="http://ann:hunter2@mine.test/simple")
    assert environment_note(other) == f"this run reads http://mine.test/simple, but {named}{advice}"
    assert environment_note(Config(index_url="http://main.example.com")) is None
    monkeypatch.setenv("UV_INDEX", MORE)
    assert environment_note(make_config({"index_from": "environment"})) == (
        f"this run reads https://main.example.com/simple, but the environment also names {MORE} (UV_INDEX)"
    )


@pytest.mark.parametrize(
    ("settings", "setting", "reason"),
    [
        ({"downloads_by": ["pyton"]}, "downloads_by", "'pyton' is none of version, file_type, python, system, "),
        (
            {"downloads_by": ["version"]},
            "downloads_by",
            "pypistats does not count by 'version', only by python and by ",
        ),
        ({"downloads_by": ["python+python"]}, "downloads_by", "'python+python' names a dimension twice"),
        ({"events_since": str(2**31)}, "events_since", "must be a serial, such as 24891358, or a date, such as "),
        ({"downloads_by": ["python+system"]}, "downloads_by", "pypistats does not count by 'python+system', only by "),
        ({"downloads_url": "pypistats.org"}, "downloads_url", "must be a URL such as https://downloads.example.com"),
        ({"clickhouse_url": "tcp://a:9000"}, "clickhouse_url", "must be a URL such as https://downloads.example.com"),
        ({"top_url": "top.json"}, "top_url", "must be a URL such as https://downloads.example.com"),
        (
            {"clickhouse_database": "a.b; DROP"},
            "clickhouse_database",
            "must consist of letters, digits and underscores",
        ),
    ],
)
def test_invalid_settings_of_downloads(settings: dict[str, Any], setting: str, reason: str) -> None:
    """A breakdown that the source does not have, and what cannot be a URL or a name, is refused."""
    with pytest.raises(SettingError) as caught:
        make_config(settings)
    assert caught.value.setting == setting
    assert caught.value.reason.startswith(reason)


def test_breakdowns_of_clickhouse() -> None:
    """ClickHouse counts by any dimensions, also by several at once."""
    by = ["version+country", "file_type", "installer + system"]
    assert make_config({"downloads_from": "clickhouse", "downloads_by": by}).downloads_by == tuple(by)
