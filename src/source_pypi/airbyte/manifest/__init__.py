"""The manifest for Airbyte's Connector Builder: the streams that need no computation.

``recipes.py`` says which streams it carries and how; ``templates.py`` has their templates; ``requester.py`` the
requests and settings; ``build.py`` puts the manifest together.
"""

import json
from collections.abc import Mapping

from source_pypi.airbyte.manifest.build import LOWEST_CDK, left_out_fields, make_manifest
from source_pypi.airbyte.manifest.recipes import RECIPES
from source_pypi.streams import STREAMS

__all__ = [
    "LOWEST_CDK",
    "RECIPES",
    "differences",
    "left_out_fields",
    "left_out_streams",
    "make_manifest",
    "manifest_text",
    "needed_cdk",
]


def needed_cdk() -> str:
    """Return which versions of Airbyte's CDK read the manifest, in a sentence."""
    return f"it needs version {LOWEST_CDK} of Airbyte's CDK or newer"


def left_out_streams() -> list[str]:
    """Return the names of the streams that the manifest does not carry."""
    return [stream.name for stream in STREAMS if stream.name not in RECIPES]


def differences() -> list[str]:
    """Return how the rows of the manifest differ from those of the connector, a sentence each."""
    fields = [f"{stream.name}.{field}" for stream in STREAMS for field in left_out_fields(stream)]
    described: Mapping[str, Mapping[str, str]] = {name: recipe.descriptions for name, recipe in RECIPES.items()}
    return [
        f"left out, since their rows need computation: the streams {', '.join(left_out_streams())}",
        f"left out, since they need computation: the fields {', '.join(fields)}",
        *(f"{stream}.{field}: {text}" for stream, texts in described.items() for field, text in texts.items()),
    ]


def manifest_text(root: str) -> str:
    """Return the manifest for the index with this root URL, as YAML: comments, then JSON, which is YAML too."""
    comments = [
        f"A declarative manifest of source-pypi, for Airbyte's Connector Builder. Paste all of it; {needed_cdk()}.",
        "Compared with the connector:",
        *(f"- {difference}" for difference in differences()),
    ]
    text = json.dumps(make_manifest(root), indent=2, ensure_ascii=False)
    return "".join(f"# {line}\n" for line in comments) + text + "\n"
