"""selection/file_hosts.py: packages of lock files that name no index are told apart by the hosts of their files."""

from pathlib import Path

import pytest

from source_pypi.errors import RequirementsError
from tests.selection.test_indexes import CORP, PUBLIC, folder, names_of, selected

__all__ = ["folder"]

FILES, CORP_FILES = "https://files.example.org/packages", "https://corp.example.com/files"
#: A package of each format that names no index, with its list of files.
FORMATS = {
    "pylock.toml": '[[packages]]\nname = "{name}"\nversion = "1.0"\n{index}wheels = [{files}]\n',
    "pdm.lock": '[[package]]\nname = "{name}"\nversion = "1.0"\nfiles = [{files}]\n',
    "uv.lock": '[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {{ registry = "" }}\nwheels = [{files}]\n',
}
HEADS = {"pylock.toml": 'lock-version = "1.0"\ncreated-by = "a locker"\n', "pdm.lock": "", "uv.lock": "version = 1\n"}
HASHES = {
    "pylock.toml": 'hashes = { sha256 = "01" }',
    "pdm.lock": 'hash = "sha256:01"',
    "uv.lock": 'hash = "sha256:01"',
}


def write(file: str, indexes: dict[str, str] | None = None, **folders: str) -> None:
    """Write a lock file.

    :param indexes: the index of packages for which the file names one.
    :param folders: the URLs of the folders of each package's files.
    """
    content = [HEADS[file]]
    for name, urls in folders.items():
        wheels = [
            f'{{ url = "{url}/{name}-1.0-py{n}-none-any.whl", {HASHES[file]} }}' for n, url in enumerate(urls.split())
        ]
        index = f'index = "{indexes[name]}"\n' if indexes and name in indexes else ""
        content.append(FORMATS[file].format(name=name, files=", ".join(wheels), index=index))
    Path(file).write_text("\n".join(content))


def note(file: str, projects: str, host: str, index: str = "the public index") -> str:
    """The note that a lock names no index."""
    return (
        f"{file}: the file names no index for {projects}, whose files are on {host}: requested from {index}; to read "
        "another index, use --index-url URL (setting index_url)"
    )


@pytest.mark.parametrize("file", FORMATS)
def test_package_with_all_files_on_another_host_than_most_is_skipped(file: str) -> None:
    """Such a package is not requested; a warning says why and what to do. One file on the usual host is enough."""
    write(file, flask=FILES, click=FILES, both=f"{FILES} {CORP_FILES}", secret=CORP_FILES)
    selection = selected(file)
    assert names_of(selection) == ["flask", "click", "both"]
    assert selection.elsewhere == {"secret"}
    assert [one.not_read for one in selection.requested][3:] == [
        "its file names no index for it, and has its files from corp.example.com"
    ]
    assert selection.warnings == (
        f"{file}: skipped 1 project (secret): the file names no index for it and has it from corp.example.com, most "
        "packages from files.example.org, and its name could be private; to read it, use --index-url URL (setting "
        "index_url), or --any-index (setting any_index) to request it from the public index all the same",
        note(file, "3 projects", "files.example.org"),
    )


@pytest.mark.parametrize("file", FORMATS)
def test_files_on_the_host_of_the_index(file: str) -> None:
    """If the index that is read has files of some packages on its host, these are requested, and no others."""
    write(file, flask=FILES, click=FILES, secret=CORP_FILES.replace("corp.example.com", "CORP.example.com:443"))
    selection = selected(file, index_url=CORP)
    assert names_of(selection) == ["secret"]
    assert selection.warnings == (
        f"{file}: skipped 2 projects (flask, click): the file names no index for them and has them from "
        f"files.example.org, this run reads {CORP}, and their names could be private; to read them, use --index-url "
        f"URL (setting index_url), or --any-index (setting any_index) to request them from {CORP} all the same",
    )


@pytest.mark.parametrize("file", FORMATS)
def test_all_files_on_one_host(file: str) -> None:
    """If all files are on one host that is not the index's, everything is requested, and a note names the host."""
    write(file, flask=FILES, click=FILES)
    selection = selected(file)
    assert (names_of(selection), selection.elsewhere) == (["flask", "click"], frozenset())
    assert selection.warnings == (note(file, "2 projects", "files.example.org"),)
    write(file, secret=CORP_FILES)
    assert selected(file, index_url=CORP).warnings == ()
    assert selected(file).warnings == (note(file, "1 project", "corp.example.com"),)


def test_as_many_packages_on_each_of_two_hosts() -> None:
    """If no host has files of most packages, none is requested: any of them could be private."""
    write("pylock.toml", flask=FILES, secret=CORP_FILES)
    with pytest.raises(RequirementsError) as caught:
        selected("pylock.toml")
    assert "and has it from files.example.org, as many packages from corp.example.com, and its" in str(caught.value)
    assert "and has it from corp.example.com, as many packages from files.example.org, and its" in str(caught.value)
    assert names_of(selected("pylock.toml", any_index=True)) == ["flask", "secret"]


def test_package_has_the_index_of_others_on_its_host() -> None:
    """If a lock names the index of some packages only, others with files on the same host are on that index."""
    write(
        "pylock.toml", {"secret": CORP, "flask": PUBLIC}, secret=CORP_FILES, hidden=CORP_FILES, flask=FILES, click=FILES
    )
    selection = selected("pylock.toml")
    assert names_of(selection) == ["flask", "click"]
    assert [one.partition("):")[0] for one in selection.warnings] == ["pylock.toml: skipped 2 projects (secret, hidden"]
    assert names_of(selected("pylock.toml", index_url=CORP)) == ["secret", "hidden"]


def test_package_on_two_hosts_for_two_platforms() -> None:
    """Of a package that a lock has from two hosts, only the pin of the usual host is requested."""
    write("pdm.lock", flask=FILES, torch=FILES)
    text = Path("pdm.lock").read_text()
    write("pdm.lock", torch=CORP_FILES)
    Path("pdm.lock").write_text(text + Path("pdm.lock").read_text().replace('"1.0"', '"1.0+cpu"'))
    selection = selected("pdm.lock")
    assert [(one.project, one.pins) for one in selection.projects] == [("flask", ("1.0",)), ("torch", ("1.0",))]
    assert selection.elsewhere == frozenset()


def test_another_file_does_not_allow_a_package_on_another_host() -> None:
    """A name that a lock has from another host is not requested because of a file that names no index."""
    write("pylock.toml", flask=FILES, click=FILES, secret=CORP_FILES)
    Path("requirements.txt").write_text("secret\nflask\n")
    assert names_of(selected("pylock.toml", "requirements.txt")) == ["flask", "click"]
    assert names_of(selected("pylock.toml", names=("secret",))) == ["secret", "flask", "click"]


def test_excluded_packages_count() -> None:
    """Packages that are excluded show as well on which host most packages of the file are."""
    write("pylock.toml", flask=FILES, click=FILES, secret=CORP_FILES, other=FILES)
    assert names_of(selected("pylock.toml", exclude=["click", "other"])) == ["flask"]
