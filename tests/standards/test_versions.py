"""standards/versions.py: valid and equal versions, and their order."""

import itertools
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from source_pypi.standards.versions import normalized, parse_version, same_version, sort_key

#: The first draw may take long on a busy machine.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=500)


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "1.0",
        "v1.0",
        " 1.0\n",
        "1!2.3.4a5.post6.dev7+local.8",
        "1.0-1",
        "1.0c2",
        "2024.1",
        "0",
        "1.0.dev",
        "9" * 4300,
    ],
)
def test_valid_versions(text: str) -> None:
    """A valid version is parsed as by packaging."""
    assert parse_version(text) == Version(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "1.0.",
        "1.0-x",
        "2004d",
        "1.0+",
        "1..0",
        "1.0+a_",
        "1,0",
        "\u0661.0",
        "1.0\u0000",
        "-1",
        "9" * 4301,
    ],
)
def test_invalid_versions_are_none(text: str) -> None:
    """A version that violates PEP 440, or has more digits than Python converts, is None."""
    assert parse_version(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.0", "1.0"),
        ("1.0.0", "1.0.0"),
        (" v1.0\n", "1.0"),
        ("01.002", "1.2"),
        ("1.0-RC.1", "1.0rc1"),
        ("1.0-alpha", "1.0a0"),
        ("1.0-1", "1.0.post1"),
        ("1.0_DEV", "1.0.dev0"),
        ("0!1", "1"),
        ("2!1.0+Ubuntu-1_2", "2!1.0+ubuntu.1.2"),
        ("2004d", None),
        ("", None),
        ("9" * 4300, "9" * 4300),
        ("9" * 4301, None),
    ],
)
def test_normalized(text: str, expected: str | None) -> None:
    """A valid version has a normal form, which is its own normal form; an invalid one has none."""
    assert normalized(text) == expected
    assert expected is None or normalized(expected) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1.0", "1.0", True),
        ("1.0", "1.0.0", True),
        ("1.0", "v1.0 ", True),
        ("1.0rc1", "1.0-RC.1", True),
        ("1.0-1", "1.0.post1", True),
        ("1.0+a-b", "1.0+A.B", True),
        ("0!1", "1", True),
        ("1.0", "1.0.1", False),
        ("1.0", "1.0+a", False),
        ("1.0", "1.0.post0", False),
        ("1.0", "1!1.0", False),
        ("2004d", "2004d", True),
        ("2004d", "2004D", False),
        ("2004d", "2004", False),
        ("2004", "2004d", False),
        ("x", "y", False),
        ("", "", True),
    ],
)
def test_same_version(one: str, other: str, expected: bool) -> None:
    """Two spellings of one version are the same; an invalid version equals only itself."""
    assert (same_version(one, other), same_version(other, one)) == (expected, expected)


#: From the lowest to the highest; PEP 440's own example ("Summary of permitted suffixes and relative ordering") first.
ORDERED = [
    "1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2",
    "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7",
    "1.0+abc.7.0", "1.0+abcd", "1.0+5", "1.0+5.a", "1.0+5.0", "1.0+10", "1.0.post0.dev1", "1.0.post0",
    "1.0.post456.dev34", "1.0.post456", "1.0.0.0.1", "1.0.10", "1.0.15", "1.1.dev1", "1.9", "1.10", "2.0",
    "99", "100", "9" * 98, "1" + "0" * 98, "9" * 99, "1" + "0" * 99, "9" * 4300,
    "1!0", "1!1.0", "2!0.1", "10!0", f"{'9' * 200}!0",
]  # fmt: skip


def test_sample_is_in_order() -> None:
    """The sample of versions is in the order of packaging."""
    assert sorted(ORDERED, key=Version) == ORDERED


def test_sort_keys_have_the_order_of_versions() -> None:
    """The keys of the sample are distinct and in order, by characters and by bytes."""
    keys = [sort_key(version) for version in ORDERED]
    assert sorted(keys) == keys
    assert sorted(key.encode() for key in keys) == [key.encode() for key in keys]
    assert len(set(keys)) == len(keys)


def test_sort_key_of_a_valid_version() -> None:
    """A key has epoch, release, pre, post, dev and local, each number after its count of digits."""
    assert sort_key("1!2.30.0a4.post5.dev6+x.70") == "1011~012.0230!1014101510161x!20270"
    assert sort_key("1.0") == "1010~011!909"


def test_sort_key_of_an_invalid_version() -> None:
    """The key of an invalid version begins with 0 and has its runs of digits and of other characters."""
    assert sort_key("2004D-r010") == "010420040d-r!10210"
    assert sort_key("") == "0"


NUMBERS = st.builds(
    lambda zeros, number: "0" * zeros + str(number),
    st.sampled_from([0, 0, 0, 1, 3]),
    st.one_of(
        st.integers(0, 2),
        st.integers(0, 1200),
        st.sampled_from([10**8, 20240101, 2**63, 10**97, 10**98 - 1, 10**98, 10**99 - 1, 10**99, 10**120]),
    ),
)
SEPARATORS = st.sampled_from(["", ".", "-", "_"])
NUMBERED = st.one_of(st.just(""), st.builds(str.__add__, SEPARATORS, NUMBERS))
PRES = st.builds(
    lambda before, word, number: before + word + number,
    SEPARATORS,
    st.sampled_from(["a", "b", "rc", "alpha", "beta", "c", "pre", "preview", "RC", "A"]),
    NUMBERED,
)
POSTS = st.one_of(
    st.builds(
        lambda before, word, number: before + word + number,
        SEPARATORS,
        st.sampled_from(["post", "rev", "r", "POST"]),
        NUMBERED,
    ),
    st.builds("-{}".format, NUMBERS),
)
DEVS = st.builds(lambda before, number: f"{before}dev{number}", SEPARATORS, NUMBERED)
SEGMENTS = st.one_of(NUMBERS, st.text("abzAZ019", min_size=1, max_size=4))
LOCALS = st.builds(
    lambda first, rest: f"+{first}" + "".join(separator + segment for separator, segment in rest),
    SEGMENTS,
    st.lists(st.tuples(st.sampled_from([".", "-", "_"]), SEGMENTS), max_size=3),
)


def optional(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The text, or nothing."""
    return st.one_of(st.just(""), strategy)


RELEASES = st.lists(NUMBERS, min_size=1, max_size=5).map(".".join)
VERSIONS = st.tuples(
    st.sampled_from(["", "", "v", " "]),
    optional(st.builds("{}!".format, NUMBERS)),
    RELEASES,
    optional(PRES),
    optional(POSTS),
    optional(DEVS),
    optional(LOCALS),
).map("".join)
#: Versions that have most in common, so that each part comes to decide.
NEIGHBOURS = st.lists(
    st.tuples(
        st.sampled_from(["", "0!", "1!", "10!"]),
        st.sampled_from(["1", "1.0", "1.0.0", "1.0.1", "1.9", "1.10"]),
        st.sampled_from(["", "a", "a1", "a9", "a10", "b1", "rc1"]),
        st.sampled_from(["", "-0", ".post1", ".post9", ".post10"]),
        st.sampled_from(["", ".dev0", ".dev9", ".dev10"]),
        st.sampled_from(["", "+a", "+ab", "+a.b", "+a.1", "+1", "+1.a", "+1.2", "+9", "+10", "+1a", "+01"]),
    ).map("".join),
    min_size=2,
    max_size=4,
)


@CALM
@given(st.one_of(NEIGHBOURS, st.lists(VERSIONS, min_size=2, max_size=4)))
def test_sort_keys_compare_like_versions(versions: list[str]) -> None:
    """The keys of any two versions compare as the versions do, also equal ones."""
    for one, other in itertools.combinations(versions, 2):
        left, right = Version(one), Version(other)
        expected = (left < right, left == right, left > right)
        found = (
            sort_key(one) < sort_key(other),
            sort_key(one) == sort_key(other),
            sort_key(one) > sort_key(other),
        )
        assert found == expected, (one, other)


ODD_VERSIONS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[0-9a-z.+!~-]{0,12}", fullmatch=True),
    st.builds(str.__add__, VERSIONS, st.sampled_from(["-x", "..", "+", "~", "!", "d", "\u00e9", "\U0001f40d"])),
)


@CALM
@given(ODD_VERSIONS, VERSIONS)
def test_invalid_versions_sort_below_valid_ones(odd: str, version: str) -> None:
    """Every invalid version sorts below every valid one (index-api.md 4.5)."""
    try:
        Version(odd)
    except InvalidVersion:
        assert sort_key(odd) < sort_key("0.dev0")
        assert sort_key(odd) < sort_key(version)
    else:
        assert sort_key(odd) >= sort_key("0.dev0")


@pytest.mark.parametrize(
    "versions",
    [
        ["r1", "r2", "r9", "r10", "r11", "r100", "r2004"],
        ["1.0x2", "1.0x10", "1.10x1", "2.0x", "10.0x"],
        ["2004.1.2-x", "2004.1.10-x", "2004.10.1-x"],
        ["x", "x1", "x1y", "x1y2", "x1y10", "x2", "xy"],
        [f"r{'9' * 98}", f"r1{'0' * 98}", f"r{'9' * 99}", f"r1{'0' * 99}", f"r{'9' * 5000}"],
    ],
)
def test_numbers_in_invalid_versions(versions: list[str]) -> None:
    """In invalid versions, digits compare as numbers, and a version sorts after its prefixes."""
    assert [parse_version(version) for version in versions] == [None] * len(versions)
    keys = [sort_key(version) for version in versions]
    assert sorted(set(keys)) == keys


@pytest.mark.parametrize(("one", "other"), [("r1", "r01"), ("R1", "r1"), ("2004D", "2004d"), ("x-0", "x-000")])
def test_spellings_of_invalid_versions(one: str, other: str) -> None:
    """Case and leading zeros do not distinguish invalid versions."""
    assert sort_key(one) == sort_key(other)


@pytest.mark.parametrize(
    "text", ["1." * 500_000 + "0", "1" * 1_000_000, "v" * 1_000_000, "1.0+" + "a." * 500_000 + "a"]
)
def test_long_versions_take_little_time(text: str) -> None:
    """A version of a megabyte is invalid, and is sorted by its beginning, in little time."""
    began = time.process_time()
    assert parse_version(text) is None
    assert len(sort_key(text)) < 100_000
    assert time.process_time() - began < 1
