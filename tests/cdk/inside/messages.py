"""Read every line of the standard input with the CDK's serializer; print how many messages of each kind there were.

A message has to give back all that stood in its line, but for the nulls that the CDK leaves out of records.
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
        told = json.loads(line)
        message = AirbyteMessageSerializer.load(told)
        counts[message.type.value + (f" {message.trace.type.value}" if message.trace else "")] += 1
        back = AirbyteMessageSerializer.dump(message)
        if message.record:
            data = told["record"]["data"]
            told["record"]["data"] = {key: value for key, value in data.items() if value is not None}
        assert stands_in(back, told), f"not the same:\n{line}{json.dumps(back)}"
    sys.stdout.write(json.dumps(counts))


def stands_in(whole: Any, part: Any) -> bool:
    """Whether all that is in a value is in the other, which may have more keys: the CDK adds what is false."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and stands_in(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(stands_in, whole, part))
    return bool(type(whole) is type(part) and whole == part)


if __name__ == "__main__":
    main()
