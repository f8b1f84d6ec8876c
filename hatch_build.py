"""What the build adds to the metadata of pyproject.toml: the addresses of the repository, and the description.

The address is in one place, the environment variable REPOSITORY_URL, which ``make build`` and ``make release`` set. It
is not written in the repository, so that a fork never publishes the address of another one.
"""

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: A link or picture in Markdown, and an attribute of HTML, that is relative: neither a URL nor a place on the page.
_MARKDOWN = re.compile(r"(!?)\[([^\[\]]*)\]\((?![a-z+]+:|#|/)([^()\s]+)\)")
_PICTURE_IN_LINK = re.compile(r"\[(!\[[^\[\]]*\]\([^()\s]*\))\]\((?![a-z+]+:|#|/)([^()\s]+)\)")
_PICTURE = re.compile(r"<picture>.*?</picture>|<img\b[^>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(r'\b(src|srcset|href)="(?![a-z+]+:|#|/)([^"]+)"')
#: Code, in which nothing is a link: a block, or a span.
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`(?!\]\())", re.DOTALL | re.MULTILINE)


class RepositoryHook(MetadataHookInterface):
    """Sets the project URLs, and the README with absolute links as the description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set what pyproject.toml calls dynamic, but for the version, which hatchling reads itself."""
        url = os.environ.get("REPOSITORY_URL", "").rstrip("/")
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute_links(text, url, self._revision())}
        metadata["urls"] = project_urls(url)

    def _revision(self) -> str:
        """The tag of this version: its description links to its own documentation, not to that of the next one."""
        version = (Path(self.root) / "src" / "source_pypi" / "_version.py").read_text(encoding="utf-8")
        found: list[str] = re.findall(r'^__version__ = "(.+)"$', version, re.MULTILINE)
        return f"v{found[0]}"


def project_urls(url: str) -> dict[str, str]:
    """Return the project URLs of the repository at an address, by label; none if the address is empty."""
    if not url:
        return {}
    return {
        "Source": url,
        "Documentation": f"{url}/tree/HEAD/docs",
        "Changelog": f"{url}/blob/HEAD/CHANGELOG.md",
        "Issues": f"{url}/issues",
    }


def absolute_links(text: str, url: str, revision: str) -> str:
    """Return Markdown whose relative links and pictures lead to a revision of the repository.

    :param url: the address of the repository. Empty: links are replaced by their text, and pictures are left out.
    """
    parts = _CODE.split(text)
    return "".join(part if number % 2 else _linked(part, url, revision) for number, part in enumerate(parts))


def _linked(text: str, url: str, revision: str) -> str:
    def markdown(found: re.Match[str]) -> str:
        picture, label, path = found.groups()
        if not url:
            return "" if picture else label
        return f"{picture}[{label}]({url}/{'raw' if picture else 'blob'}/{revision}/{path})"

    def picture_in_link(found: re.Match[str]) -> str:
        return f"[{found[1]}]({url}/blob/{revision}/{found[2]})" if url else found[1]

    def attribute(found: re.Match[str]) -> str:
        name, path = found.groups()
        return f'{name}="{url}/{"blob" if name == "href" else "raw"}/{revision}/{path}"' if url else f'{name}="#"'

    def picture(found: re.Match[str]) -> str:
        return "" if not url and _ATTRIBUTE.search(found[0]) else found[0]

    text = _PICTURE.sub(picture, text)
    text = _MARKDOWN.sub(markdown, _PICTURE_IN_LINK.sub(picture_in_link, text))
    return _ATTRIBUTE.sub(attribute, text)
