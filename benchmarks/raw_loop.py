"""A loop that fetches project documents and writes their parts as they are: less than any program that makes tables.

It writes as many rows as ``source-pypi read`` does, for the streams ``projects``, ``versions``, ``files`` and
``dependencies``: a part of the document each, decoded and encoded again, without columns of its own. It checks,
retries, repairs and compares nothing, and has no rate limit.

Usage: ``python benchmarks/raw_loop.py INDEX NAMES [requests]``; NAMES is a file with one project name per line. With
``requests`` it fetches and decompresses only.
"""

import gzip
import http.client
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec


def main() -> None:
    """Fetch, decode, write."""
    names = Path(sys.argv[2]).read_text().split()
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    for body in bodies(sys.argv[1], names):
        if sys.argv[3:] == ["requests"]:
            continue
        for stream, row in rows(decode(body)):
            line = b'{"type":"RECORD","record":{"stream":"%b","data":%b,"emitted_at":%d}}\n'
            sys.stdout.buffer.write(line % (stream, encode(row), time.time() * 1000))


def bodies(address: str, names: list[str]) -> Iterator[bytes]:
    """Yield the project documents, over one connection."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    for name in names:
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        connection.request("GET", f"/pypi/{name}/json", headers=headers)
        response = connection.getresponse()
        body = response.read()
        yield gzip.decompress(body) if response.headers["Content-Encoding"] == "gzip" else body


def rows(document: Any) -> Iterator[tuple[bytes, Any]]:
    """Yield stream and row of each part of a document."""
    info = document["info"]
    yield b"projects", info
    for version, files in document["releases"].items():
        yield b"versions", {"version": version}
        for file in files:
            yield b"files", file
    for requirement in info["requires_dist"] or ():
        yield b"dependencies", {"requirement": requirement}


if __name__ == "__main__":
    main()
