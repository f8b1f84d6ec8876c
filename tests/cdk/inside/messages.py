"""Read every line of standard input with the CDK's serializer, and print the number of messages of each type.

The serializer must return everything in a line, except the nulls that the CDK removes from records.
"""

import json
import sys
from collections import Counter
from typing import Any

from airbyte_cdk.models import AirbyteMessageSerializer


def main() -> None:
    """Read, compare, count."""
    counts: Counter[str] = Counter()
    for line in sys.stdin:
        written = json.loads(line)
        message = AirbyteMessageSerializer.load(written)
        counts[message.type.value + (f" {message.trace.type.value}" if message.trace else "")] += 1
        back = AirbyteMessageSerializer.dump(message)
        if message.record:
            data = written["record"]["data"]
            written["record"]["data"] = {key: value for key, value in data.items() if value is not None}
        assert contains(back, written), f"not the same:\n{line}{json.dumps(back)}"
    sys.stdout.write(json.dumps(counts))


def contains(whole: Any, part: Any) -> bool:
    """Return whether ``whole`` has everything in ``part``. It may have more keys: the CDK adds false ones."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and contains(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return bool(type(whole) is type(part) and whole == part)


if __name__ == "__main__":
    main()
