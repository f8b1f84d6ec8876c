"""Licences as SPDX expressions."""

import pytest
from trove_classifiers import classifiers as known_classifiers

from source_pypi.standards.licenses import _BY_CLASSIFIER, is_license, license_expression, license_of_classifiers

OSI = "License :: OSI Approved"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("apache-2.0 or  mit", "Apache-2.0 OR MIT"),
        (
            "(MIT AND GPL-2.0-or-later WITH classpath-exception-2.0)",
            "(MIT AND GPL-2.0-or-later WITH Classpath-exception-2.0)",
        ),
        ("LicenseRef-Ours", "LicenseRef-Ours"),
        ("BSD", None),
        ("Apache 2.0", None),
        ("MIT License", None),
        ("", None),
        (" ", None),
        ("(MIT", None),
        ("MIT AND", None),
        ("MIT/Apache-2.0", None),
        ("MIT " * 10_000, None),
        ("(" * 400 + "MIT" + ")" * 400, None),
    ],
)
def test_only_valid_expressions_are_taken(text: str, expected: str | None) -> None:
    """A text is an SPDX expression only if it parses; it comes in its normal form."""
    assert license_expression(text) == expected


def test_each_mapped_classifier_exists_and_has_an_spdx_identifier() -> None:
    """Every classifier that names a licence exists, and its licence is an SPDX identifier in its normal form."""
    assert _BY_CLASSIFIER.keys() <= known_classifiers
    assert {one: license_expression(one) for one in _BY_CLASSIFIER.values()} == {
        one: one for one in _BY_CLASSIFIER.values()
    }


@pytest.mark.parametrize(
    ("classifiers", "expected"),
    [
        ([f"{OSI} :: MIT License"], "MIT"),
        ([OSI, f"{OSI} :: MIT License", "Programming Language :: Python"], "MIT"),
        ([f"{OSI} :: MIT License"] * 2, "MIT"),
        ([f"{OSI} :: GNU General Public License v3 or later (GPLv3+)"], "GPL-3.0-or-later"),
        ([], None),
        ([OSI], None),
        ([f"{OSI} :: MIT License", f"{OSI} :: ISC License (ISCL)"], None),
        ([f"{OSI} :: MIT License", "License :: Other/Proprietary License"], None),
        (["License :: Public Domain"], None),
        (["License :: Our Own"], None),
    ],
)
def test_only_classifier_names_the_licence(classifiers: list[str], expected: str | None) -> None:
    """One licence classifier names the licence; several, or one that is not known, name none."""
    assert license_of_classifiers(classifiers) == expected


@pytest.mark.parametrize(
    "name",
    [
        "Academic Free License (AFL)",
        "Apache Software License",
        "Apple Public Source License",
        "Artistic License",
        "BSD License",
        "GNU Affero General Public License v3",
        "GNU Free Documentation License (FDL)",
        "GNU General Public License (GPL)",
        "GNU General Public License v2 (GPLv2)",
        "GNU General Public License v3 (GPLv3)",
        "GNU Lesser General Public License v2 (LGPLv2)",
        "GNU Lesser General Public License v2 or later (LGPLv2+)",
        "GNU Lesser General Public License v3 (LGPLv3)",
        "GNU Library or Lesser General Public License (LGPL)",
    ],
)
def test_ambiguous_classifier_names_no_licence(name: str) -> None:
    """The classifiers that PEP 639 calls ambiguous name no licence."""
    classifier = f"{OSI} :: {name}"
    assert classifier in known_classifiers
    assert license_of_classifiers([classifier]) is None


def test_classifiers_about_the_licence() -> None:
    """Classifiers about the licence begin with that word and two colons."""
    assert [one for one in (OSI, "License", "Licenses :: MIT", "Topic :: License :: x") if is_license(one)] == [OSI]
