"""Runs in PyAirbyte's environment: reads jobs from standard input and writes results to standard output, one per line.

The output of PyAirbyte itself goes to standard error.
"""

import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
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
    """Read streams into a DuckDB file; return the number of records."""
    source = _source(**connector)
    source.select_streams(streams)
    with DuckDBCache(db_path=cache, schema_name=SCHEMA) as opened:
        records: int = source.read(opened).processed_records
    return records


def records(stream: str, **connector: Any) -> list[dict[str, Any]]:
    """Return the records of a stream, without a cache."""
    found = list(_source(**connector).get_records(stream))  # a loop over it gives none: PyAirbyte cancels the read
    return [dict(record) for record in found]


def parse(path: str) -> dict[str, int]:
    """Read the lines of a file with the models of PyAirbyte and of the CDK; return the number of messages by type.

    The models of PyAirbyte must return everything in a line, including the nulls of records.
    """
    types: Counter[str] = Counter()
    for line in Path(path).read_bytes().splitlines():
        written = json.loads(line)
        message = AirbyteMessage.model_validate_json(line)
        assert message.model_dump(mode="json", exclude_unset=True, by_alias=True) == written, line
        AirbyteMessageSerializer.load(written)
        types[message.type.value] += 1
    return dict(types)


def execute(code: str) -> str:
    """Run an example; return what it prints."""
    with redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    return printed.getvalue()


def _source(executable: str, config: dict[str, Any]) -> Any:
    return airbyte.get_source("source-pypi", local_executable=Path(executable), config=config, install_if_missing=False)


JOBS: dict[str, Callable[..., Any]] = {
    "check": check,
    "read": read,
    "records": records,
    "parse": parse,
    "execute": execute,
}


def main() -> None:
    """Run jobs until standard input ends: ``{"do": NAME, ...}`` gives ``{"outcome": ...}`` or ``{"error": ...}``."""
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            result = {"outcome": JOBS[job.pop("do")](**job)}
        except PyAirbyteError as error:
            result = {"error": type(error).__name__, "message": str(error)}
        print(json.dumps(result, default=str), file=results, flush=True)


if __name__ == "__main__":
    main()
