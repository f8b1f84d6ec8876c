"""Java for Spark: ``python -m tests.spark.java`` ends with an error unless it is 17 or newer."""

import os
import re
import shutil
import subprocess
from pathlib import Path

OLDEST = 17


def java() -> str:
    """Return the program ``java``, as Spark finds it."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else shutil.which("java") or "java"


def version() -> int:
    """Return the number of its version; 0: there is none."""
    try:
        done = subprocess.run([java(), "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r'version "(\d+)', done.stderr)
    return 0 if found is None else int(found[1])


if __name__ == "__main__":
    raise SystemExit(version() < OLDEST)
