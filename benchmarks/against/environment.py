"""The environments of the other tools, and commands in them."""

import os
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.workbench import Workbench

PEERS = Path(__file__).parents[1] / "peers"
_ENVIRONMENTS = PEERS.parents[1] / ".venvs"
#: Each environment, with an executable that exists if the tool can be installed.
_INSTALLED = {"cdk": "source-declarative-manifest", "pyairbyte": "pyab", "peers": "pypi-to-sqlite"}


class MissingPeerError(Exception):
    """The environment of a tool does not exist."""


def require(environment: str) -> None:
    """Check that an environment is set up.

    :raises MissingPeerError: if it is not.
    """
    _executable(environment, _INSTALLED[environment])


def peer(bench: Workbench, environment: str, name: str, *arguments: str, output: str | None = None) -> Command:
    """Return a command of a tool: an executable of its environment, or a script of ``benchmarks/peers``.

    It sends requests only to the index, and writes only into the workbench's folder.

    :raises MissingPeerError: if the environment does not exist.
    """
    script = () if not name.endswith(".py") else (str(PEERS / name),)
    executable = _executable(environment, "python" if script else name)
    return Command((str(executable), *script, *arguments), bench.folder, output, _variables(bench.folder))


def _executable(environment: str, name: str) -> Path:
    """The executable in the folder that e.g. CDK_BIN names, or in the environment that ``make`` has completed."""
    named = os.environ.get(f"{environment.upper()}_BIN")
    path = Path(named or _ENVIRONMENTS / environment / "bin").absolute() / name
    if not path.exists() or not (named or (_ENVIRONMENTS / environment / "ready").exists()):
        raise MissingPeerError(f".venvs/{environment} is not set up, or has no {name} (make bench sets it up)")
    return path


def _variables(folder: Path) -> tuple[tuple[str, str], ...]:
    """The variables that keep tools from other requests and from telemetry; their bytecode is where pip wrote it."""
    return (
        ("PYTHONPYCACHEPREFIX", ""),
        ("HOME", str(folder)),
        ("TMPDIR", str(folder)),
        ("AIRBYTE_PROJECT_DIR", str(folder)),
        ("AIRBYTE_LOGGING_ROOT", str(folder / "logs")),
        ("AIRBYTE_OFFLINE_MODE", "1"),
        ("DO_NOT_TRACK", "1"),
        ("RUNTIME__DLTHUB_TELEMETRY", "false"),
        ("RUNTIME__LOG_LEVEL", "ERROR"),
        ("DLT_DATA_DIR", str(folder / "dlt")),
    )
