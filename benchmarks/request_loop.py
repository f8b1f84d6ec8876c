"""Request project documents over one connection, and print the CPU that it took, without the start.

Usage: ``python benchmarks/request_loop.py INDEX NAMES CLIENT``; NAMES is a file with one project name per line, CLIENT
is ``source_pypi`` or ``urllib3``.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from source_pypi.http.client import Client


def main() -> None:
    """Request each document once."""
    index, names, client = sys.argv[1], Path(sys.argv[2]).read_text().split(), sys.argv[3]
    get = with_source_pypi() if client == "source_pypi" else with_urllib3(index)
    get(f"{index}/pypi/{names[0]}/json")  # what is made once
    began = time.process_time()
    size = sum(len(get(f"{index}/pypi/{name}/json")) for name in names[1:])
    print(json.dumps({"cpu": time.process_time() - began, "size": size}))


def with_source_pypi() -> Callable[[str], bytes]:
    """Return a function that requests a URL and returns the body, decompressed."""
    client = Client(requests_per_second=0)
    return lambda url: client.get(url).body


def with_urllib3(index: str) -> Callable[[str], bytes]:
    """The same over a pool of urllib3, as fast as it can."""
    pool = urllib3.connection_from_url(index)
    headers = {"User-Agent": "benchmark", "Accept": "application/json", "Accept-Encoding": "gzip"}

    def get(url: str) -> bytes:
        response = pool.urlopen("GET", urlsplit(url).path, headers=headers, redirect=False, retries=False)
        return response.data

    return get


if __name__ == "__main__":
    main()
