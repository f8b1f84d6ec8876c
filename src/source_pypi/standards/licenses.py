"""Licences as SPDX expressions: from metadata, and from classifiers that name exactly one licence.

PEP 639 lists the classifiers that leave open which licence is meant, as "BSD License" does; no licence is taken from
these, nor from several classifiers, whose relation is not known.
"""

from collections.abc import Sequence

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from source_pypi.safety.limits import cached_if_short

#: Characters of an expression that is parsed; a longer text is the licence itself.
_LONGEST = 1_000
_PREFIX = "License :: "
_OSI = "License :: OSI Approved :: "
#: Classifiers that are only the heading of others.
_HEADINGS = frozenset({"License :: OSI Approved", "License :: DFSG approved"})
#: The licences of classifiers that name one licence in one version.
_BY_CLASSIFIER = {
    "License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "License :: CeCILL-B Free Software License Agreement (CECILL-B)": "CECILL-B",
    "License :: CeCILL-C Free Software License Agreement (CECILL-C)": "CECILL-C",
    f"{_OSI}Attribution Assurance License": "AAL",
    f"{_OSI}Blue Oak Model License (BlueOak-1.0.0)": "BlueOak-1.0.0",
    f"{_OSI}Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    f"{_OSI}CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)": "CECILL-2.1",
    f"{_OSI}CMU License (MIT-CMU)": "MIT-CMU",
    f"{_OSI}Common Development and Distribution License 1.0 (CDDL-1.0)": "CDDL-1.0",
    f"{_OSI}Common Public License": "CPL-1.0",
    f"{_OSI}Eclipse Public License 1.0 (EPL-1.0)": "EPL-1.0",
    f"{_OSI}Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    f"{_OSI}Educational Community License, Version 2.0 (ECL-2.0)": "ECL-2.0",
    f"{_OSI}European Union Public Licence 1.0 (EUPL 1.0)": "EUPL-1.0",
    f"{_OSI}European Union Public Licence 1.1 (EUPL 1.1)": "EUPL-1.1",
    f"{_OSI}European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    f"{_OSI}GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    f"{_OSI}GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    f"{_OSI}GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    f"{_OSI}GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    f"{_OSI}Historical Permission Notice and Disclaimer (HPND)": "HPND",
    f"{_OSI}IBM Public License": "IPL-1.0",
    f"{_OSI}ISC License (ISCL)": "ISC",
    f"{_OSI}MIT License": "MIT",
    f"{_OSI}MIT No Attribution License (MIT-0)": "MIT-0",
    f"{_OSI}MirOS License (MirOS)": "MirOS",
    f"{_OSI}Motosoto License": "Motosoto",
    f"{_OSI}Mozilla Public License 1.0 (MPL)": "MPL-1.0",
    f"{_OSI}Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    f"{_OSI}Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    f"{_OSI}Mulan Permissive Software License v2 (MulanPSL-2.0)": "MulanPSL-2.0",
    f"{_OSI}NASA Open Source Agreement v1.3 (NASA-1.3)": "NASA-1.3",
    f"{_OSI}Nethack General Public License": "NGPL",
    f"{_OSI}Nokia Open Source License": "Nokia",
    f"{_OSI}Open Group Test Suite License": "OGTSL",
    f"{_OSI}Open Software License 3.0 (OSL-3.0)": "OSL-3.0",
    f"{_OSI}PostgreSQL License": "PostgreSQL",
    f"{_OSI}Python License (CNRI Python License)": "CNRI-Python",
    f"{_OSI}Qt Public License (QPL)": "QPL-1.0",
    f"{_OSI}Ricoh Source Code Public License": "RSCPL",
    f"{_OSI}SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
    f"{_OSI}Sleepycat License": "Sleepycat",
    f"{_OSI}Sun Public License": "SPL-1.0",
    f"{_OSI}The Unlicense (Unlicense)": "Unlicense",
    f"{_OSI}Universal Permissive License (UPL)": "UPL-1.0",
    f"{_OSI}University of Illinois/NCSA Open Source License": "NCSA",
    f"{_OSI}Vovida Software License 1.0": "VSL-1.0",
    f"{_OSI}Zero-Clause BSD (0BSD)": "0BSD",
}


@cached_if_short()
def license_expression(text: str) -> str | None:
    """An SPDX expression in its normal form, as ``Apache-2.0 OR MIT``; None: the text is none."""
    if len(text) > _LONGEST:
        return None
    try:
        return str(canonicalize_license_expression(text))
    except (InvalidLicenseExpression, RecursionError, MemoryError):  # the last two: it is nested too deep
        return None


def is_license(classifier: str) -> bool:
    """Whether a classifier is about the licence."""
    return classifier.startswith(_PREFIX)


def license_of_classifiers(classifiers: Sequence[str]) -> str | None:
    """The SPDX identifier of the licence that classifiers name.

    None: they name none, several, or one that is not known without its version or variant.
    """
    named = {one for one in classifiers if is_license(one) and one not in _HEADINGS}
    return _BY_CLASSIFIER.get(next(iter(named))) if len(named) == 1 else None
