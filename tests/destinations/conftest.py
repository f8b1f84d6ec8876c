"""Fixtures of the destinations' tests."""

from tests.cli.conftest import run

__all__ = ["run"]
