"""streams/_metadata.py: METADATA in the type of the project document."""

import pytest

from source_pypi.services.index.documents import Info, open_core_metadata
from source_pypi.streams._metadata import info_of


def info(*lines: str) -> Info:
    """What METADATA with these headers states."""
    head = ["Metadata-Version: 2.2", "Name: Foo.Bar", "Version: 1.0"]
    return info_of(open_core_metadata("\n".join([*head, *lines, "", "Long."]).encode(), "metadata").content)


def test_every_field() -> None:
    """Each field that a row has is that of METADATA."""
    made = info(
        "Summary: s",
        "Keywords: a,b",
        "License: MIT",
        "License-Expression: MIT",
        "License-File: LICENSE",
        "Classifier: Typing :: Typed",
        "Author: ann",
        "Author-email: a@example.org",
        "Maintainer: bob",
        "Maintainer-email: b@example.org",
        "Requires-Python: >=3",
        "Requires-Dist: bar",
        "Provides-Extra: x",
        "Home-page: https://a.test",
        "Download-URL: https://b.test",
        "Project-URL: Docs, https://c.test",
    )
    assert made == Info(
        name="Foo.Bar",
        version="1.0",
        summary="s",
        keywords="a,b",
        license="MIT",
        license_expression="MIT",
        license_files=["LICENSE"],
        classifiers=["Typing :: Typed"],
        author="ann",
        author_email="a@example.org",
        maintainer="bob",
        maintainer_email="b@example.org",
        requires_python=">=3",
        requires_dist=["bar"],
        provides_extra=["x"],
        home_page="https://a.test",
        download_url="https://b.test",
        project_urls={"Docs": "https://c.test"},
    )


def test_what_is_not_stated_is_unknown() -> None:
    """Fields that METADATA does not state are None."""
    assert info() == Info(name="Foo.Bar", version="1.0")


@pytest.mark.parametrize("value", ["UNKNOWN", " "])
def test_values_of_old_tools_are_left_out(value: str) -> None:
    """Empty values and UNKNOWN are no values."""
    assert info(f"Classifier: {value}", "Classifier: A").classifiers == ["A"]


def test_label_that_occurs_twice() -> None:
    """Of a label that occurs twice, the first URL counts."""
    made = info(
        "Project-URL: Docs, https://a.test", "Project-URL: Docs, https://b.test", "Project-URL: C, https://c.test"
    )
    assert made.project_urls == {"Docs": "https://a.test", "C": "https://c.test"}
