"""How this package introduces itself to every service."""

from source_pypi._version import __version__


def user_agent(contact: str | None) -> str:
    """The User-Agent, by which the operators can identify the client and reach the user (index-api.md 2.1)."""
    return f"source-pypi/{__version__}" + (f" (+{contact})" if contact else "")
