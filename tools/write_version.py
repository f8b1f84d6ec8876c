"""Write the version into the files that cannot read it: metadata.yaml and the Dockerfile; ``--check``: only compare.

``src/source_pypi/_version.py`` is the one place in which it is changed.
"""

import re
import sys
from pathlib import Path

from source_pypi import __version__

ROOT = Path(__file__).parents[1]
#: Each file, and what stands before the version in it.
FILES = {"metadata.yaml": r"(?<=\n  dockerImageTag: )", "Dockerfile": r'(?<=\nLABEL io\.airbyte\.version=")'}


def main() -> None:
    """Write the version, or say which files have another one."""
    for name, before in FILES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        written, found = re.subn(rf'{before}[^"\n]+', __version__, text)
        assert found == 1, name
        if "--check" not in sys.argv:
            (ROOT / name).write_text(written, encoding="utf-8")
        elif written != text:
            sys.exit(f"{name} has another version than _version.py (make docs)")


if __name__ == "__main__":
    main()
