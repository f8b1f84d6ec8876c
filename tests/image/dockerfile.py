"""Parse a Dockerfile into stages and instructions: those that this project uses."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from tests.connector import ROOT


@dataclass
class Stage:
    """A stage.

    :ivar base: its base image.
    :ivar name: its name; empty: it has none.
    :ivar steps: its instructions WORKDIR, USER, COPY and RUN, in order.
    :ivar variables: of ENV, and the defaults of ARG.
    :ivar labels: of LABEL.
    :ivar entrypoint: of ENTRYPOINT.
    """

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)

    @property
    def user(self) -> str:
        """The user that runs the entrypoint."""
        return [argument for word, argument in self.steps if word == "USER"][-1]


def read_dockerfile(path: Path = ROOT / "Dockerfile") -> list[Stage]:
    """Return the stages of a Dockerfile, in order."""
    stages: list[Stage] = []
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, argument = line.partition(" ")
        if word == "FROM":
            named = re.fullmatch(r"(\S+)(?: AS (\S+))?", argument)
            assert named is not None, line
            stages.append(Stage(named[1], named[2] or ""))
        elif word in ("WORKDIR", "USER", "COPY", "RUN"):
            stages[-1].steps.append((word, argument))
        elif word in ("ARG", "ENV", "LABEL"):
            (pair,) = shlex.split(argument)
            name, _, value = pair.partition("=")
            (stages[-1].labels if word == "LABEL" else stages[-1].variables)[name] = value
        elif word == "ENTRYPOINT":
            stages[-1].entrypoint = json.loads(argument)
        else:
            raise NotImplementedError(line)
    return stages


def ignored(path: str, rules: list[str]) -> bool:
    """Return whether .dockerignore excludes a file. The last rule that matches it or a parent folder decides."""
    excluded = False
    for rule in rules:
        pattern = rule.removeprefix("!")
        parts = path.split("/")
        parents = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        matches = pattern in ("*", *parents) or (pattern.startswith("**/") and pattern[3:] in parts)
        excluded = not rule.startswith("!") if matches else excluded
    return excluded
