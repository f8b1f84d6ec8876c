"""``python -m source_pypi``."""

from source_pypi.cli import main

main()
