"""What runs in PyAirbyte's environment: jobs come as lines on the standard input, outcomes go as lines to the output.

PyAirbyte writes to the standard output as well; that goes where the errors go.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import airbyte
from airbyte.caches import DuckDBCache
from airbyte.exceptions import PyAirbyteError
from airbyte_cdk.models import AirbyteMessageSerializer
from airbyte_protocol.models import AirbyteMessage

#: The schema of the tables in a cache.
SCHEMA = "pypi"


def check(**connector: Any) -> None:
    """Check a configuration."""
    _source(**connector).check()


def read(streams: list[str], cache: str, **connector: Any) -> int:
    """Read streams into a DuckDB file; the number of records that came."""
    source = _source(**connector)
    source.select_streams(streams)
    with DuckDBCache(db_path=cache, schema_name=SCHEMA) as opened:
        records: int = source.read(opened).processed_records
    return records


def records(stream: str, **connector: Any) -> list[dict[str, Any]]:
    """The records of a stream, without a cache."""
    found = list(_source(**connector).get_records(stream))  # a loop over it gives none: PyAirbyte cancels the read
    return [dict(record) for record in found]


def parse(path: str) -> dict[str, int]:
    """Read every line of a file as a message, with PyAirbyte's models and with the CDK's; how many of each type.

    Each message gives back all that stands in its line, with PyAirbyte's models also the nulls of records.
    """
    types: Counter[str] = Counter()
    for line in Path(path).read_bytes().splitlines():
        written = json.loads(line)
        message = AirbyteMessage.model_validate_json(line)
        assert message.model_dump(mode="json", exclude_unset=True, by_alias=True) == written, line
        AirbyteMessageSerializer.load(written)
        types[message.type.value] += 1
    return dict(types)


def _source(executable: str, config: dict[str, Any]) -> Any:
    return airbyte.get_source("source-pypi", local_executable=Path(executable), config=config, install_if_missing=False)


JOBS: dict[str, Callable[..., Any]] = {"check": check, "read": read, "records": records, "parse": parse}


def main() -> None:
    """Do jobs until there are no more: ``{"do": NAME, ...}`` gives ``{"outcome": ...}`` or ``{"error": ...}``."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            told = {"outcome": JOBS[job.pop("do")](**job)}
        except PyAirbyteError as error:
            told = {"error": type(error).__name__, "message": str(error)}
        print(json.dumps(told, default=str), file=answers, flush=True)


if __name__ == "__main__":
    main()
