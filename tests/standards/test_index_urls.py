"""Which URLs name the same index, and which the public one."""

from urllib.parse import urlsplit

import pytest

from source_pypi.standards.index_urls import default_url, index_title, is_public, same_index

ROOT = "https://packages.example.com/root"


@pytest.mark.parametrize(
    "url",
    [
        "https://packages.example.com/root/",
        "http://packages.example.com/root",
        "HTTPS://Packages.Example.COM/root",
        "https://packages.example.com:443/root",
        "http://packages.example.com:80/root//",
        "https://ann:secret@packages.example.com/root/simple",
        "https://packages.example.com./root/simple/",
        "https://packages.example.com/root/+simple/",
        "https://packages.example.com/root/pypi",
        "https://packages.example.com/root/pypi/simple/",
        "https://packages.example.com//root/simple/?token=secret#here",
        "https://packages.example.com/r%6fot",
        " https://packages.example.com/root/simple \n",
    ],
)
def test_spellings_of_one_index(url: str) -> None:
    """Scheme, credentials, host's case, default port, final slash and the interface's name make no difference."""
    assert same_index(url, ROOT)
    assert same_index(ROOT, url)


@pytest.mark.parametrize(
    "url",
    [
        "https://packages.example.com/other",
        "https://packages.example.com/Root",
        "https://packages.example.com",
        "https://packages.example.com:8443/root",
        "https://packages.example.org/root",
        "https://packages.example.com.evil.example/root",
        "https://packages.example.com@evil.example/root",
        "https://packages.example.com/root/simple/more",
        "file:///packages.example.com/root",
        "packages.example.com/root",
        "http://[::1/root",
        "",
    ],
)
def test_other_indexes(url: str) -> None:
    """Another host, port or path is another index, and so is what is not a URL."""
    assert not same_index(url, ROOT)
    assert same_index(url, url)


def test_spellings_of_the_public_index() -> None:
    """Lock files name the public index by its page URL, with www, or by the host that it once had."""
    host = urlsplit(default_url()).netloc
    for url in (default_url(), f"https://{host}/simple", f"http://{host}/", f"https://{host}/simple/"):
        assert is_public(url)
        assert index_title(url) == "the public index"
    former = f"{host.partition('.')[0]}.python.org"
    assert is_public(f"https://{former}/simple")
    assert is_public(f"https://www.{host}/simple/")


def test_what_only_looks_like_the_public_index() -> None:
    """The index for tests, other paths of the host, and hosts that contain its name are other indexes."""
    host = urlsplit(default_url()).netloc
    for url in (f"https://test.{host}/simple", f"https://{host}/corp/simple", f"https://{host}.example.com/simple"):
        assert not is_public(url)
        assert index_title(url) == url


def test_title_has_no_credentials() -> None:
    """An index is shown without credentials."""
    assert index_title("https://ann:secret@packages.example.com/simple") == "https://packages.example.com/simple"
