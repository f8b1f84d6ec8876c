"""standards/wheels.py: names of wheels, compared with packaging."""

import itertools
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.tags import Tag
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from source_pypi.standards.wheels import (
    WheelName,
    begins_with,
    kind_of,
    name_in_url,
    parse_wheel,
    python_version_in,
    version_in,
)

#: Names as real projects have them.
REAL = [
    "flask-3.0.3-py3-none-any.whl",
    "six-1.16.0-py2.py3-none-any.whl",
    "PyYAML-6.0.1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "PyYAML-6.0.1-cp36-cp36m-manylinux_2_5_i686.manylinux1_i686.manylinux_2_12_i686.manylinux2010_i686.whl",
    "numpy-1.26.4-cp312-cp312-macosx_10_9_x86_64.whl",
    "numpy-1.26.4-pp39-pypy39_pp73-win_amd64.whl",
    "cryptography-42.0.5-cp39-abi3-musllinux_1_2_aarch64.whl",
    "pydantic_core-2.18.1-cp38-none-win32.whl",
    "torch-2.3.0+cu121-cp312-cp312-linux_x86_64.whl",
    "tensorflow-2.16.1-cp312-cp312-macosx_12_0_arm64.whl",
    "pywin32-306-cp312-cp312-win_arm64.whl",
    "setuptools-69.5.1.post0-py3-none-any.whl",
    "black-24.4.0-py3-none-any.whl",
    "wheel-0.43.0-1-py3-none-any.whl",
    "ruff-0.4.1-py3-none-manylinux_2_17_ppc64.manylinux2014_ppc64.whl",
    "ruff-0.4.1-py3-none-macosx_10_12_x86_64.macosx_11_0_arm64.macosx_10_12_universal2.whl",
    "zope.interface-6.3-cp311-cp311-win_amd64.whl",
    "backports.ssl_match_hostname-3.7.0.1-py2-none-any.whl",
    "foo-1!2.0rc1.dev3-1x-cp313-cp313t-ios_13_0_arm64_iphoneos.whl",
    "pip-24.0-py3-none-any.whl",
    "Cython-3.0.10-py2.py3-none-any.whl",
    "scipy-1.13.0-2-cp310-cp310-win_amd64.whl",
    "lxml-5.2.1-pp310-pypy310_pp73-manylinux_2_28_aarch64.whl",
    "greenlet-3.0.3-cp27-cp27mu-linux_armv7l.whl",
]
#: Names that are odd and yet keep the rules.
ODD = [
    "a-1-py3-none-any.whl",
    "A-1-PY3-None-ANY.whl",
    "_-1-py3-none-any.whl",
    ".-1-py3-none-any.whl",
    "a..b-1-py3-none-any.whl",
    "caf\u00e9-1-py3-none-any.whl",
    "a-v1.0-py3-none-any.whl",
    "a- 1 -py3-none-any.whl",
    "a-1-py3.py3.py2-none.none-any.any.any.whl",
    "a-1-py3.py2-none-any.whl",
    "a-1-0-py3-none-any.whl",
    "a-1-007.b_c-py3-none-any.whl",
    "a-1-1\u0663-py3-none-any.whl",
    "a-1-1\n-py3-none-any.whl",
    "a-1-py3-no ne-any.whl",
    "a-1-py3-none-any.whl.whl",
    "a-1-py\u00e9-none-\u00e9.whl",
    "a-1-\u0130-none-any.whl",
    "a-1-\u212a-none-any.whl",
    "a-1.0_post1-py3-none-any.whl",
    "a-1+x_y-py3-none-any.whl",
]
#: Names that break a rule.
BROKEN = [
    "",
    ".whl",
    "whl",
    "flask-3.0.3.tar.gz",
    "flask-3.0.3-py3-none-any",
    "flask-3.0.3-py3-none-any.WHL",
    "flask-3.0.3-py3-none-any.whl\n",
    "flask-3.0.3-py3-none-any.whl.zip",
    "flask-3.0.3-py3-none-any.zip",
    "flask-py3-none-any.whl",
    "flask-3.0.3-none-any.whl",
    "flask-3.0.3-1-2-py3-none-any.whl",
    "flask-3.0.3-x1-py3-none-any.whl",
    "flask-3.0.3--py3-none-any.whl",
    "flask-3.0.3-\u0661-py3-none-any.whl",
    "flask-2004d-py3-none-any.whl",
    "flask-1_0-py3-none-any.whl",
    "flask--py3-none-any.whl",
    "flask-3.0.-py3-none-any.whl",
    f"flask-{'9' * 4301}-py3-none-any.whl",
    f"flask-3.0.3-{'9' * 4301}-py3-none-any.whl",
    "-3.0.3-py3-none-any.whl",
    "fl__ask-3.0.3-py3-none-any.whl",
    "fl ask-3.0.3-py3-none-any.whl",
    "flask\n-3.0.3-py3-none-any.whl",
    "fl+ask-3.0.3-py3-none-any.whl",
    "flask-3.0.3-py3-none-.whl",
    "flask-3.0.3-py3--any.whl",
    "flask-3.0.3--none-any.whl",
    "flask-3.0.3-py3.-none-any.whl",
    "flask-3.0.3-.py3-none-any.whl",
    "flask-3.0.3-py3..py2-none-any.whl",
    "flask-3.0.3-py3-none-any..whl",
    "flask-3.0.3-py3-none-any.-.whl",
    "flask-3.0.3-3-none-any.whl",
    "flask-3.0.3-py3.3-none-any.whl",
    "flask-3.0.3-py 3-none-any.whl",
    "flask-3.0.3-py3!-none-any.whl",
    "numpy-1.26.4-cp312-cp312-win-amd64-x.whl",
    "a-1-py3-none-any-.whl",
    "a-1-py3-none-any-X.whl",
    "a-1-py3-none-any-x+y.whl",
    "a-1-py3-none-any-label_of_17_chars.whl",
    "a-1-1-py3-none-any-x-y.whl",
    "a-1-x1-py3-none-win_amd64.whl",
]


def tags_of(name: WheelName) -> frozenset[Tag]:
    """All tags that a name expands to."""
    parts = itertools.product(name.python_tags, name.abi_tags, name.platform_tags)
    return frozenset(Tag(python, abi, platform) for python, abi, platform in parts)


def packaging_tags(filename: str) -> frozenset[Tag] | None:
    """The tags that packaging reads in a name; None if it raises."""
    try:
        return parse_wheel_filename(filename)[3]
    except ValueError:
        return None


def our_tags(filename: str) -> frozenset[Tag] | None:
    """The tags that ``parse_wheel`` reads in a name; None if the name is invalid."""
    name = parse_wheel(filename)
    return None if name is None else tags_of(name)


def without_label(filename: str) -> str:
    """The name of a wheel variant as packaging can read it; others as they are."""
    name = parse_wheel(filename)
    if name is None or name.variant_label is None:
        return filename
    assert packaging_tags(filename) is None
    return f"{filename.removesuffix(f'-{name.variant_label}.whl')}.whl"


@pytest.mark.parametrize("filename", REAL + ODD)
def test_valid_names(filename: str) -> None:
    """A valid name has the same tags and build number as with packaging."""
    _, _, build, tags = parse_wheel_filename(filename)
    name = parse_wheel(filename)
    assert name is not None
    assert tags_of(name) == tags
    assert (name.build is None) == (build == ())
    assert name.build is None or name.build.startswith(tuple("0123456789"))


@pytest.mark.parametrize("filename", BROKEN, ids=lambda name: repr(name[:40]))
def test_invalid_names_are_none(filename: str) -> None:
    """A name that packaging refuses is None."""
    assert (packaging_tags(filename), parse_wheel(filename)) == (None, None)


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("flask-3.0.3-py3-none-any.whl", WheelName(None, ["py3"], ["none"], ["any"])),
        ("six-1.16.0-py2.py3-none-any.whl", WheelName(None, ["py2", "py3"], ["none"], ["any"])),
        ("scipy-1.13.0-2-cp310-cp310-win_amd64.whl", WheelName("2", ["cp310"], ["cp310"], ["win_amd64"])),
        ("a-1-007.b_C-PY3-None-ANY.whl", WheelName("007.b_C", ["py3"], ["none"], ["any"])),
        ("a-1-py3.py2.py3-none-b.a.b.whl", WheelName(None, ["py3", "py2"], ["none"], ["b", "a"])),
        (
            "torch-2.3.0+cu121-cp312-abi3.cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            WheelName(None, ["cp312"], ["abi3", "cp312"], ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]),
        ),
        ("a-1-cp315-abi3.abi3t-win32-null.whl", WheelName(None, ["cp315"], ["abi3", "abi3t"], ["win32"], "null")),
        (
            "a-1-0b-cp314-cp314t-pyemscripten_2026_0_wasm32-x86_64_v3.1.whl",
            WheelName("0b", ["cp314"], ["cp314t"], ["pyemscripten_2026_0_wasm32"], "x86_64_v3.1"),
        ),
    ],
)
def test_parts_of_a_name(filename: str, expected: WheelName) -> None:
    """The build tag stays as written; tags are in lower case, in order, without repetition."""
    assert parse_wheel(filename) == expected


ALPHABET = st.sampled_from([*"-._ +!aA1yY\n\u00e9\u0661\u212a", "--", "..", "__", ".whl", "py3", "1.0"])


@st.composite
def mutated_names(draw: st.DrawFn) -> str:
    """A name with a few pieces removed, inserted or replaced."""
    name = draw(st.sampled_from(REAL + ODD))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(name)))
        end = min(len(name), start + draw(st.integers(0, 3)))
        name = name[:start] + draw(st.one_of(st.just(""), ALPHABET)) + name[end:]
    return name


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=1000)
@given(mutated_names())
def test_mutated_names(filename: str) -> None:
    """A mutated name is None exactly if packaging raises, else it has the same tags."""
    assert our_tags(filename) == packaging_tags(without_label(filename))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(st.lists(st.text("aA1._- !\u00e9", max_size=6), min_size=4, max_size=7).map("-".join))
def test_random_names(parts: str) -> None:
    """A random name is parsed as by packaging."""
    assert our_tags(f"{parts}.whl") == packaging_tags(without_label(f"{parts}.whl"))


HOSTILE = {
    "many tags in one part": "'a-1-py3-none-' + '.'.join(f'x{i}' for i in range(10_000)) + '.whl'",
    "many tags in all parts": "'a-1-' + '-'.join('.'.join(f'x{i}' for i in range(3_500)) for _ in range(3)) + '.whl'",
    "one tag, many times": "'a-1-' + '-'.join('.'.join(['py3'] * 5_000) for _ in range(3)) + '.whl'",
    "nothing but dots": "'a-1-' + '-'.join('.' * 20_000 for _ in range(3)) + '.whl'",
    "nothing but dashes": "'-' * 60_000 + '.whl'",
    "a long version": "'a-' + '1.' * 30_000 + 'x-py3-none-any.whl'",
    "a long number": "'a-' + '1' * 60_000 + '-py3-none-any.whl'",
    "a long project": "'a.' * 30_000 + '__-1-py3-none-any.whl'",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names_take_little_time(name: str) -> None:
    """A hostile name of 60 kB is None, in little time."""
    program = f"from source_pypi.standards.wheels import parse_wheel; assert parse_wheel({name}) is None"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=15, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_name_with_many_tags() -> None:
    """A name may expand to more tags than real names do."""
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(100)]
    expected = WheelName(None, ["cp311", "cp312", "cp313"], ["abi3", "none"], platforms)
    assert parse_wheel(f"a-1-cp311.cp312.cp313-abi3.none-{'.'.join(platforms)}.whl") == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("foo-1.0.tar.gz", "sdist"),
        ("foo-1.0.tar.bz2", "sdist"),
        ("foo-1.0.TGZ", "sdist"),
        ("foo-1.0.tar.xz", "sdist"),
        ("foo-1.0.zip", "sdist"),
        ("foo-1.0.tar", "sdist"),
        ("foo-1.0-py3-none-any.whl", "bdist_wheel"),
        ("foo-1.0-variants.json", "variants"),
        ("foo-1.0.linux-x86_64.tar.gz", None),
        ("foo-1.0.macosx-10.9-x86_64.zip", None),
        ("foo-1.0.win-amd64.zip", None),
        ("foo-1.0-py3.9.egg", None),
        ("foo-1.0", None),
    ],
)
def test_kind_by_name(filename: str, expected: str | None) -> None:
    """Every ending of a source archive is one, unless the name says that it was built for a platform."""
    assert kind_of(filename) == expected


@pytest.mark.parametrize(
    ("filename", "project", "expected"),
    [
        ("foo-1.0.tar.gz", "foo", "1.0"),
        ("foo-1.0-RC1.tar.gz", "foo", "1.0rc1"),
        ("Foo_Bar-1.0.zip", "foo-bar", "1.0"),
        ("foo-bar-1.0.zip", "foo-bar", "1.0"),
        ("foo.bar-1.0-1.zip", "foo-bar", "1.0.post1"),
        ("foo-2-1.0.zip", "foo-2", "1.0"),
        ("pytz-2004d.tar.bz2", "pytz", "2004d"),
        ("foo-1.0+cu118-py3-none-any.whl", "foo", "1.0+cu118"),
        ("foo-1.0-2-py3-none-any.whl", "foo", "1.0"),
        ("foo-1.0-py3-none-any-null.whl", "foo", "1.0"),
        ("foo_bar-1.0.post1-variants.json", "foo-bar", "1.0.post1"),
        ("foo-1.0-py2.7-linux-x86_64.egg", "foo", "1.0"),
        ("foo-1.0.linux-x86_64.tar.gz", "foo", "1.0"),
        ("foo-1.0.win32-py2.7.exe", "foo", "1.0"),
        ("foo-1.0.win-amd64-py3.4.msi", "foo", "1.0"),
        ("foo-1.0-1.noarch.rpm", "foo", "1.0"),
        ("other-1.0.zip", "foo", "1.0"),
        ("foo.zip", "foo", None),
        ("foo-.zip", "foo", None),
        ("foo-1.0.txt", "foo", None),
        ("f" * 5000 + "-1.0.zip", "foo", None),
    ],
)
def test_version_by_name(filename: str, project: str, expected: str | None) -> None:
    """The version follows the project's name, which tells where it begins."""
    assert version_in(filename, project) == expected


@pytest.mark.parametrize("filename", ["foo-1.0.tar.gz", "foo_bar-1.0.post1.zip", "foo-1.0+cu.118.tar.gz"])
def test_version_by_name_as_packaging_reads_it(filename: str) -> None:
    """Names that ``packaging`` accepts have the version that it reads."""
    name, version = parse_sdist_filename(filename)
    assert version_in(filename, name) == str(version)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.test/p/foo-1.0.zip?Signature=a/b#sha256=00", "foo-1.0.zip"),
        ("foo-1.0%2Bcu118-py3-none-any.whl", "foo-1.0+cu118-py3-none-any.whl"),
        ("p/..%2F..%2Fevil-1.0.zip", "evil-1.0.zip"),
        ("p/", None),
        ("", None),
    ],
)
def test_name_at_a_url(url: str, expected: str | None) -> None:
    """The name is the last segment of the path, decoded, without query and fragment."""
    assert name_in_url(url) == expected


@pytest.mark.parametrize(
    ("filename", "project", "expected"),
    [
        ("foo-1.0.tar.gz", "foo", True),
        ("Foo.Bar_baz-1.0-py3-none-any.whl", "foo-bar-baz", True),
        ("foo-bar-1.0.zip", "foo-bar", True),
        ("foo-bar-1.0.zip", "foo", True),
        ("foo_bar-1.0.tar.gz", "foo", False),
        ("foobar-1.0.tar.gz", "foo", False),
        ("foo.zip", "foo", False),
        ("", "foo", False),
    ],
)
def test_name_that_begins_with_a_project(filename: str, project: str, *, expected: bool) -> None:
    """A file's name begins with a project's if the part before one of its dashes is that name in any spelling."""
    assert begins_with(filename, project) is expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("foo-1.0-py3-none-any.whl", "py3"),
        ("foo-1.0-1-cp311.cp312-abi3-linux_x86_64.whl", "cp311.cp312"),
        ("foo-1.0-1-cp311.cp312-abi3-linux_x86_64-x86_64_v3.whl", "cp311.cp312"),
        ("foo-1.0-cp311-abi3-linux_x86_64-x86_64_v3.whl", "cp311"),
        ("foo-1.0-variants.json", None),
        ("foo-1.0.tar.gz", "source"),
        ("foo-1.0.zip", "source"),
        ("foo-1.0.linux-x86_64.tar.gz", None),
        ("foo-1.0-py2.7.egg", None),
        ("foo.whl", None),
    ],
)
def test_python_version_in_a_name(filename: str, expected: str | None) -> None:
    """A wheel's Python version is its tag, a source archive's ``source``; other names have none."""
    assert python_version_in(filename) == expected
