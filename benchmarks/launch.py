"""Start a command, and print its wall time and CPU time in seconds, its peak memory, and its wait status.

On Linux a process inherits the peak memory of the one that starts it. This one loads almost nothing (``python -I -S``),
so that even the smallest measured interpreter is larger.

Usage: ``launch.py OUTPUT ERRORS EXECUTABLE ARGUMENT...``; both files are overwritten.
"""

import os
import sys
import time


def main() -> None:
    """Run the command to its end, without input."""
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
