"""The Builder's manifest: the streams that a declarative manifest can carry, and why it cannot carry the others.

A reader's way: carried.py (which streams, and how) -> templates.py (their templates) -> asking.py (requests and
settings) -> making.py (the manifest) -> yaml.py (as text).
"""

from collections.abc import Iterator

from source_pypi.airbyte.manifest.build import make_manifest
from source_pypi.airbyte.manifest.recipes import CARRIED, LEFT_OUT
from source_pypi.airbyte.manifest.yaml import as_yaml
from source_pypi.streams import STREAMS

__all__ = ["CARRIED", "LEFT_OUT", "as_yaml", "left_out", "make_manifest", "print_manifest"]


def left_out() -> Iterator[tuple[str, str]]:
    """The streams that a manifest cannot carry, in the table's order, and why."""
    return ((stream.name, LEFT_OUT[stream.name]) for stream in STREAMS if stream.name in LEFT_OUT)


def print_manifest(root: str) -> str:
    """The manifest for the index with this root, as YAML, with comments on what it lacks."""
    comments = [
        "A declarative manifest of source-pypi, for Airbyte's Connector Builder: paste it as it is.",
        "It asks one question at a time. The connector itself carries these streams too:",
        *(f"- {name}: {why}." for name, why in left_out()),
    ]
    return "".join(f"# {line}\n" for line in comments) + as_yaml(make_manifest(root))
