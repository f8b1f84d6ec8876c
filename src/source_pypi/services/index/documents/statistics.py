"""The index's statistics as it sends them: ``/stats/`` (index-api.md 8)."""

from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, describe


class PackageSize(Struct, frozen=True, gc=False):
    """The size of a project."""

    size: Annotated[Integer | None, describe("Size of all its files.", unit="bytes")] = None


class Statistics(Struct, frozen=True):
    """The index's statistics."""

    top_packages: Annotated[dict[str, PackageSize | None], describe("The 100 largest projects, by display name.")]
    total_packages_size: Annotated[Integer | None, describe("Size of all files of the index.", unit="bytes")] = None
