"""Settings: what there is (``settings.py``), how a configuration is made (``reader.py``), and what is checked."""

from source_pypi.config.environment import environment_note
from source_pypi.config.reader import (
    EMPTY_INDEX,
    config_of,
    invalid_setting,
    make_config,
    read_config,
    read_settings,
    without_unknown,
)
from source_pypi.config.settings import DIMENSIONS, GROUPS, Config

__all__ = [
    "DIMENSIONS",
    "EMPTY_INDEX",
    "GROUPS",
    "Config",
    "config_of",
    "environment_note",
    "invalid_setting",
    "make_config",
    "read_config",
    "read_settings",
    "without_unknown",
]
