"""A stand-in for Docker: ``run`` starts the executable here, with mounted paths replaced by those outside.

``SOURCE_EXE`` is the path of the executable; ``DOCKER_CALLS`` the path of a file that gets a line for each call.
"""

import json
import os
import sys


def main(command: str, *arguments: str) -> None:
    """Do what ``docker run`` does. The only other command is ``--version``."""
    with open(os.environ["DOCKER_CALLS"], "a") as calls:  # noqa: PTH123
        calls.write(json.dumps([command, *arguments]) + "\n")
    if command == "--version":
        sys.stdout.write("Docker version 0, a stand-in\n")
        return
    if command != "run":
        raise NotImplementedError(command)
    rest, mounts = list(arguments), {}
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    while rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-v":
            outside, inside = rest.pop(0).split(":")[:2]
            mounts[inside] = outside
        elif option == "-e":
            name, _, value = rest.pop(0).partition("=")
            variables[name] = value
        elif option != "--rm":
            raise NotImplementedError(option)
    executable = os.environ["SOURCE_EXE"]
    os.execve(executable, [executable, *(mounts.get(one, one) for one in rest[1:])], variables)


if __name__ == "__main__":
    main(*sys.argv[1:])
