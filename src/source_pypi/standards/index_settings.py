"""The indexes that pip and uv would use here: from environment variables and pip's configuration files."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

#: The sections of pip.conf that ``pip install`` reads, in the order in which they override each other.
_SECTIONS = ("global", "install")
_OPTIONS = ("index-url", "extra-index-url", "no-index")
#: What pip reads as true.
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})
#: How uv names an index in a variable: ``name=URL``.
_NAMED = re.compile(r"[\w.-]+=(?=[a-z]+://)", re.IGNORECASE)

_FOLDER = re.compile(r"file:|[./\\~]|[a-z]:[/\\]", re.IGNORECASE)


class IndexSource(Struct, frozen=True):
    """An index that the environment names.

    :ivar url: its URL, as written, with any credentials in it.
    :ivar source: where: the name of a variable, or the path of a pip.conf.
    :ivar variable: whether a variable names it.
    """

    url: str
    source: str
    variable: bool = True


def environment_indexes(environment: Mapping[str, str] = os.environ) -> tuple[IndexSource, ...]:
    """The indexes that pip and uv would use, in this order: main ones, then additional ones; variables, then pip.conf.

    Folders (``file:`` URLs and paths) are left out: no project is requested from them. So are pip's indexes if pip uses
    no index (``no_index_source``).

    :raises ValueError: when a configuration file of pip cannot be read.
    """
    configured = _pip_conf(environment)
    of_pip = dict.fromkeys(("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"), "") if _no_index(environment, configured) else {}
    if of_pip:
        environment, configured = {**environment, **of_pip}, {}
    found = [
        *_variable(environment, "PIP_INDEX_URL"),
        *_variable(environment, "UV_DEFAULT_INDEX"),
        *_variable(environment, "UV_INDEX_URL"),
        *(() if environment.get("PIP_INDEX_URL") else configured.get("index-url", ())),
        *_variable(environment, "UV_INDEX"),
        *_variable(environment, "PIP_EXTRA_INDEX_URL"),
        *_variable(environment, "UV_EXTRA_INDEX_URL"),
        *(() if environment.get("PIP_EXTRA_INDEX_URL") else configured.get("extra-index-url", ())),
    ]
    return tuple(one for one in found if not _FOLDER.match(one.url))


def no_index_source(environment: Mapping[str, str] = os.environ) -> str | None:
    """What says that pip uses no index: PIP_NO_INDEX, or the path of a pip.conf; None: nothing does.

    :raises ValueError: when a configuration file of pip cannot be read.
    """
    return _no_index(environment, _pip_conf(environment))


def _no_index(environment: Mapping[str, str], configured: Mapping[str, tuple[IndexSource, ...]]) -> str | None:
    if value := environment.get("PIP_NO_INDEX"):
        return "PIP_NO_INDEX" if value.strip().lower() in _TRUE else None
    stated = configured.get("no-index", ())
    return next((one.source for one in stated if one.url.lower() in _TRUE), None)


def _variable(environment: Mapping[str, str], name: str) -> Iterator[IndexSource]:
    for url in environment.get(name, "").split():
        yield IndexSource(_NAMED.sub("", url, count=1), name)


def _pip_conf(environment: Mapping[str, str]) -> dict[str, tuple[IndexSource, ...]]:
    """The values of ``_OPTIONS`` in pip's files, of which later ones override earlier ones."""
    found: dict[str, tuple[IndexSource, ...]] = {}
    for path in _pip_files(environment):
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except UnicodeDecodeError:
            raise ValueError(f"{path} cannot be read: it is not UTF-8") from None
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from None
        for option, urls in _options(text, path):
            found[option] = tuple(IndexSource(url, str(path), variable=False) for url in urls)
    return found


def _options(text: str, path: Path) -> Iterator[tuple[str, list[str]]]:
    """The values of each option in the text of a file, in the order in which they override each other."""
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:  # messages quote the file, which may hold passwords
        raise ValueError(f"{path} cannot be parsed: line {error.lineno} comes before the first [section]") from None
    except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
        raise ValueError(f"{path} cannot be parsed: line {error.lineno} repeats a section or an option") from None
    except configparser.Error as error:
        lines = [str(number) for number, _ in getattr(error, "errors", [])]
        where = f"line {lines[0]}" if lines else "a line"
        raise ValueError(
            f"{path} cannot be parsed: {where} is neither a [section] nor an option with a value"
        ) from None
    for section in _SECTIONS:
        for option in _OPTIONS:
            for spelling in (option, option.replace("-", "_")):
                if parser.has_option(section, spelling):
                    yield option, parser.get(section, spelling).split()


def _pip_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """The configuration files of pip, in the order in which pip reads them."""
    given = environment.get("PIP_CONFIG_FILE")
    if given == os.devnull:
        return
    name = "pip.ini" if os.name == "nt" else "pip.conf"
    yield from (folder / name for folder in _global_folders(environment))
    if not (given and os.path.exists(given)):  # noqa: PTH110 - Path.exists raises errors
        yield from (folder / name for folder in _user_folders(environment))
    yield Path(environment.get("VIRTUAL_ENV") or sys.prefix) / name
    if given:
        yield Path(given)


def _global_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    if os.name == "nt":
        yield Path(environment.get("PROGRAMDATA") or "C:\\ProgramData") / "pip"
        return
    if sys.platform == "darwin":
        yield Path("/Library/Application Support/pip")
    folders = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    yield from (Path(folder) / "pip" for folder in reversed(folders.split(os.pathsep)) if folder)
    yield Path("/etc")


def _user_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    try:
        home = Path(environment.get("HOME") or Path.home())
    except RuntimeError:  # a user without a home
        return
    if os.name == "nt":
        yield home / "pip"
        yield Path(environment.get("APPDATA") or home) / "pip"
        return
    yield home / ".pip"
    if sys.platform == "darwin" and (support := home / "Library/Application Support/pip").is_dir():
        yield support
    else:
        yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip"
