"""The environments of the peers: where they are, and commands in them."""

import os
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.workbench import Workbench

PEERS = Path(__file__).parents[1] / "peers"
_ENVIRONMENTS = PEERS.parents[1] / ".venvs"
#: Each environment, with an executable that is there where the peer can be installed.
_INSTALLED = {"cdk": "source-declarative-manifest", "pyairbyte": "pyab", "peers": "pypi-to-sqlite"}


class MissingPeerError(Exception):
    """The environment of a peer is not there."""


def require(environment: str) -> None:
    """Nothing, where an environment is set up.

    :raises MissingPeerError: where it is not.
    """
    _executable(environment, _INSTALLED[environment])


def peer(bench: Workbench, environment: str, name: str, *arguments: str, output: str | None = None) -> Command:
    """A command of a peer's: an executable of its environment, or a script of ``benchmarks/peers``.

    It asks nobody but the index, and writes into the workbench's folder only.

    :raises MissingPeerError: where the environment is not there.
    """
    script = () if not name.endswith(".py") else (str(PEERS / name),)
    executable = _executable(environment, "python" if script else name)
    return Command((str(executable), *script, *arguments), bench.folder, output, _surroundings(bench.folder))


def _executable(environment: str, name: str) -> Path:
    """From the folder that e.g. CDK_BIN names, or the environment that ``make`` has finished."""
    named = os.environ.get(f"{environment.upper()}_BIN")
    path = Path(named or _ENVIRONMENTS / environment / "bin").absolute() / name
    if not path.exists() or not (named or (_ENVIRONMENTS / environment / "ready").exists()):
        raise MissingPeerError(f".venvs/{environment} is not set up, or has no {name} (make bench sets it up)")
    return path


def _surroundings(folder: Path) -> tuple[tuple[str, str], ...]:
    """The variables under which peers ask nobody else, and tell nobody; their bytecode is where pip has put it."""
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
