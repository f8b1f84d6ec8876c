"""Start a command, and print what it cost: seconds on the clock, seconds of CPU, peak memory, and its wait status.

A process of its own, since Linux passes the peak memory of the process that starts another on to it: this one loads
next to nothing (``python -I -S``), so that the smallest interpreter that is measured is larger.

Usage: ``launch.py OUTPUT COMPLAINTS EXECUTABLE ARGUMENT...``; both files are written anew.
"""

import os
import sys
import time


def main() -> None:
    """Run it to its end, without input."""
    output, user_errors, *command = sys.argv[1:]
    written = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, written, 0o666),
        (os.POSIX_SPAWN_OPEN, 2, user_errors, written, 0o666),
    )
    began = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - began
    print(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, status)


if __name__ == "__main__":
    main()
