"""Raw answers that are not what they should be: structured changes of a sound one, from a seed."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.oracle.fuzz_bodies import BODIES
from tests.oracle.fuzz_parts import HEADERS, SIZES, STATUS_LINES, STATUSES
from tests.oracle.simulator.wire import Ending, Wire


@dataclass
class Draft:
    """An answer before it is put together. `chunks`: the body goes in chunks with sizes that may be wrong."""

    status: bytes
    headers: list[bytes]
    body: bytes
    line_end: bytes = b"\r\n"
    chunks: list[bytes] | None = None
    before: bytes = b""
    after: bytes = b""
    late: bytes = b""
    length: str | None = "right"
    piece: int = 0
    ending: Ending = "close"


IDLE = 0.05
"""Seconds after which a connection is closed that a spoilt answer has left open."""

Change = Callable[[Random, Draft, bytes], None]


def _status_line(random: Random, draft: Draft, _: bytes) -> None:
    draft.status = random.choice(STATUS_LINES)


def _status(random: Random, draft: Draft, _: bytes) -> None:
    """Another status, mostly with a header that goes with it."""
    status = random.choice(STATUSES)
    draft.status = b"HTTP/1.1 %d Odd" % status
    wanted = {3: b"Location", 4: b"Retry-After", 5: b"Retry-After"}.get(status // 100)
    if wanted and random.random() < 0.8:
        draft.headers.append(random.choice([header for header in HEADERS if header.startswith(wanted)]))
    if random.random() < 0.3:
        draft.body = b""


def _header(random: Random, draft: Draft, _: bytes) -> None:
    for _number in range(random.choice((1, 1, 2, 4))):
        draft.headers.insert(random.randint(0, len(draft.headers)), random.choice(HEADERS))


def _many_headers(random: Random, draft: Draft, _: bytes) -> None:
    draft.headers += [b"X-%d: y" % number for number in range(random.choice((90, 101, 5000)))]


def _no_header(random: Random, draft: Draft, _: bytes) -> None:
    draft.headers = draft.headers[: random.randint(0, len(draft.headers))]


def _body(random: Random, draft: Draft, _: bytes) -> None:
    """Another body; one that was changed before, and is no document any more, loses its end."""
    try:
        draft.body = random.choice(BODIES)(random, draft.body)
    except (ValueError, LookupError, TypeError, RecursionError):
        draft.body = draft.body[:-1]


def _chunked(random: Random, draft: Draft, _: bytes) -> None:
    """In chunks; now and then with sizes that are none, without the last one, with trailers."""
    size = random.choice((1, 7, 1000))
    draft.chunks = [
        b"%x\r\n%s\r\n" % (len(piece), piece)
        for piece in (draft.body[start : start + size] for start in range(0, len(draft.body), size))
    ]
    for _number in range(random.choice((0, 0, 1, 2))):
        draft.chunks.insert(random.randint(0, len(draft.chunks)), random.choice(SIZES) + b"\r\nabcde\r\n")
    ends = (
        b"0\r\n\r\n",
        b"0\r\nTrailer: a\r\n\r\n",
        b"",
        b"0\r\n",
        b"0\n\n",
        b"000\r\n" + b"T: b\r\n" * 3000 + b"\r\n",
    )
    draft.chunks.append(random.choice(ends))


def _negative_chunk(random: Random, draft: Draft, _: bytes) -> None:
    draft.chunks = [random.choice((b"-5", b"-1", b"-ffffffff")) + b"\r\n" + draft.body]


def _length(random: Random, draft: Draft, _: bytes) -> None:
    right = len(draft.body)
    draft.length = random.choice(
        (None, str(right + 1), str(right + 100_000), str(max(0, right - 3)), "0", "-1", "x", "")
    )


def _packed(random: Random, draft: Draft, _: bytes) -> None:
    """Packed, and now and then broken, cut, with something behind, or in many members."""
    packed = gzip.compress(draft.body)
    spoilt = (
        packed,
        packed[: random.randrange(1, len(packed))],
        packed + b"garbage",
        packed + packed,
        packed[:15] + bytes(5) + packed[20:],
        b"".join(gzip.compress(draft.body[start : start + 50]) for start in range(0, len(draft.body), 50)),
        gzip.compress(packed),
    )
    draft.body = random.choice(spoilt)
    draft.headers.append(b"Content-Encoding: gzip")


def _before(random: Random, draft: Draft, _: bytes) -> None:
    interim = b"HTTP/1.1 %d Interim\r\n\r\n" % random.choice((100, 102, 103))
    draft.before = random.choice((interim, interim * 3, b"\r\n", b"\n\n\n", b"garbage\r\n", b"\x00"))


def _after(random: Random, draft: Draft, other: bytes) -> None:
    """Bytes behind the answer, at once or when the next request has come: what others would be answered with."""
    more = random.choice(
        (
            other,
            other,
            b"HTTP/1.1 304 Not Modified\r\n\r\n",
            b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
            b"garbage\r\n",
        )
    )
    draft.after, draft.late = (more, b"") if random.random() < 0.3 else (b"", more)
    draft.ending = "keep"


def _line_ends(random: Random, draft: Draft, _: bytes) -> None:
    draft.line_end = random.choice((b"\n", b"\r", b"\r\r\n", b"\r\n "))


def _pieces(random: Random, draft: Draft, _: bytes) -> None:
    draft.piece = random.choice((1, 3, 100))


def _ending(random: Random, draft: Draft, _: bytes) -> None:
    endings: tuple[Ending, ...] = ("keep", "reset", "close")
    draft.ending = random.choice(endings)


def _foreign(random: Random, draft: Draft, other: bytes) -> None:
    """The document of another project, sent in good order."""
    draft.body = other.partition(b"\r\n\r\n")[2]
    draft.ending = "keep"


CHANGES: dict[str, tuple[Change, int]] = {
    "body": (_body, 4),
    "chunks": (_chunked, 2),
    "negative-chunk": (_negative_chunk, 1),
    "gzip": (_packed, 2),
    "header": (_header, 3),
    "many-headers": (_many_headers, 1),
    "no-header": (_no_header, 1),
    "length": (_length, 1),
    "status": (_status, 2),
    "status-line": (_status_line, 1),
    "before": (_before, 2),
    "after": (_after, 2),
    "foreign": (_foreign, 1),
    "line-ends": (_line_ends, 1),
    "pieces": (_pieces, 1),
    "ending": (_ending, 1),
}
"""The ways to change an answer by name, each with its weight."""


def _assembled(draft: Draft) -> list[bytes]:
    headers = list(draft.headers)
    if draft.chunks is not None:
        headers.append(b"Transfer-Encoding: chunked")
    elif draft.length is not None:
        right = str(len(draft.body)) if draft.length == "right" else draft.length
        headers.append(b"Content-Length: " + right.encode())
    end = draft.line_end
    head = draft.before + draft.status + end + b"".join(header + end for header in headers) + end
    whole = head + (draft.body if draft.chunks is None else b"".join(draft.chunks))
    if not draft.piece:
        return [whole]
    return [whole[start : start + draft.piece] for start in range(0, min(len(whole), 3000), draft.piece)] + [
        whole[3000:]
    ]


def spoilt(seed: int, body: bytes, other: bytes, without: frozenset[str] = frozenset()) -> Wire:
    """
    The spoilt answer of a seed, instead of one with this body; `other` is a sound answer about something else,
    `without` are changes that do not occur.
    """
    random = Random(seed)
    draft = Draft(b"HTTP/1.1 200 OK", [b"Content-Type: application/json", b'ETag: "%d"' % seed], body)
    draft.ending = random.choice(("keep", "close"))
    weights = [weight for _, weight in CHANGES.values()]
    names = random.choices([*CHANGES], weights, k=random.choice((1, 1, 1, 2, 3)))
    for name in names:
        anonymous = name == "body" and "foreign" in names  # without its name, nobody can tell whose document it is
        if name not in without and not anonymous:
            CHANGES[name][0](random, draft, other)
    return Wire([*_assembled(draft), draft.after], draft.ending, IDLE, draft.late)
