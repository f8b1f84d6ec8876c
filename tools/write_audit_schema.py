"""Write docs/audit.schema.json, the JSON Schema of the report of an audit; ``--check``: only compare."""

import json
import sys
from pathlib import Path

from source_pypi.audit.formats.json_document import schema

TARGET = Path(__file__).parents[1] / "docs" / "audit.schema.json"


def main() -> None:
    """Write the schema, or say that it is out of date."""
    text = json.dumps(schema(), indent=2) + "\n"
    if "--check" not in sys.argv:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        sys.exit(f"{TARGET.name} is out of date (make docs)")


if __name__ == "__main__":
    main()
