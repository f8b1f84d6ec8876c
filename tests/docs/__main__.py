"""``python -m tests.docs``: write what the commands of the tutorial and the guides print now into their pages.

The notebook needs the environment ``frames``: ``.venvs/frames/bin/python -m tests.docs how-to/data-frames.ipynb``.
"""

import sys
import tempfile
from pathlib import Path

from tests.docs.pages import PAGES, replayed
from tests.docs.session import DOCS


def main() -> None:
    """Write the pages, or those that are named."""
    for name in sys.argv[1:] or PAGES:
        with tempfile.TemporaryDirectory() as folder:
            text = replayed(name, Path(folder))
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
