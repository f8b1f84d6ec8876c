"""What can go wrong on the wire, by name, each with what a client must make of it."""

import dataclasses
import gzip
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from tests.oracle.simulator.answers import Answer, Question
from tests.oracle.simulator.wire import Wire, chunked, head, plain, status_line

ENDLESS_SECONDS = 4.0
"""So long an endless answer goes on before the server gives up."""

OUT_OF_STEP = ("duplicated", "late-304", "late-absence", "late-body")
"""The faults after which a connection answers each question with what belongs to the one before."""

Nature = Literal["valid", "broken", "refused", "absent", "stale", "unknown", "doctored", "foreign", "unseen"]
"""
What a client must make of a fault. `valid`: the right rows. `broken`: the right rows after a further try, or an error.
`refused`: rows stay, an error. `absent`: the project is gone for all that the client can know. `stale`: rows of before,
or of now. `unknown`: the document does not say what rows there are: they stay. `doctored`: rows hold what the document
says. `foreign`: an error, never another project's rows. `unseen`: rows of before or of now, since no client can know.
"""


@dataclass(frozen=True)
class Scene:
    """
    A question and what could be answered: `answer`, the sound one; `full`, the sound one whatever the client has;
    `stale`, what it was before the last changes; `foreign`, another project's (None: there is none), and its path.
    `endured` gets the name of each endless answer that the client did not end.
    """

    question: Question
    answer: Answer
    full: Answer
    stale: Answer
    foreign: Answer | None
    foreign_path: str
    root: str
    random: Random
    endured: list[str] = field(default_factory=list)


@dataclass
class Fault:
    """A fault that waits for its question: `times` more, or for ever if that is negative."""

    name: str
    kind: str
    project: str
    times: int
    seed: int

    def concerns(self, question: Question, answer: Answer) -> bool:
        """Whether it spoils the answer to this question; kind and project "*" stand for all, and no redirect again."""
        if question.headers.get("host", "").startswith("localhost"):
            return False
        if self.times == 0 or (answer.status not in {200, 304} and self.name not in {"reset", "http-503"}):
            return False
        return self.kind in {"*", question.kind} and self.project in {"*", question.key}


@dataclass(frozen=True)
class FaultKind:
    """A way to spoil an answer, and what a client must make of it."""

    make: Callable[[Scene], Wire]
    nature: Nature


def _interim(status: int) -> Callable[[Scene], Wire]:
    lines = status_line(status) + (b"Link: </style.css>; rel=preload\r\n\r\n" if status == 103 else b"\r\n")
    return lambda scene: Wire([lines * scene.random.randint(1, 3), plain(scene.answer)])


_NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n"


def _duplicated(scene: Scene) -> Wire:
    """The answer twice, the second time at once or when the next request has come."""
    once = plain(scene.full)
    return Wire([once * 2]) if scene.random.random() < 0.2 else Wire([once], late=once)


def _late_body(scene: Scene) -> Wire:
    """A 503 that is complete, and the answer that was meant when the next request has come."""
    refusal = plain(Answer(503, "text/plain", b"", (("Retry-After", "0"),)))
    return Wire([refusal], late=plain(scene.full))


def _late_absence(scene: Scene) -> Wire:
    """A 404 that is complete, and the answer that was meant when the next request has come."""
    return Wire([plain(Answer(404, "application/json", b"{}"))], late=plain(scene.full))


def _foreign(scene: Scene) -> Wire:
    return Wire([plain(scene.foreign or scene.answer)])


def _endless(scene: Scene, start: bytes, again: bytes) -> Iterator[bytes | float]:
    yield head(scene.full, ("Transfer-Encoding", "chunked")) + start
    until = time.monotonic() + ENDLESS_SECONDS
    while time.monotonic() < until:
        yield again
        yield 0.01
    scene.endured.append(scene.question.path)


def _endless_trailers(scene: Scene) -> Wire:
    body = scene.full.body
    return Wire(
        _endless(scene, b"%x\r\n%s\r\n0\r\n" % (len(body), body), b"X-Trailer: more and more\r\n" * 2000), "close"
    )


def _endless_extension(scene: Scene) -> Wire:
    return Wire(_endless(scene, b"5;", b"extension=value;" * 4000), "close")


def _endless_chunks(scene: Scene) -> Wire:
    """Each byte of the body in a chunk of its own, with much behind its size; blanks without end."""
    piece = b"1;" + b"extension=value;" * 1000 + b"\r\n \r\n"
    return Wire(_endless(scene, b"", piece * 4), "close")


def _endless_headers(scene: Scene) -> Wire:
    pieces = _endless(scene, b"", b"X-Header: more and more\r\n" * 2000)
    return Wire((piece if isinstance(piece, float) else piece.removesuffix(b"\r\n") for piece in pieces), "close")


def _chunk_size(size: bytes) -> Callable[[Scene], Wire]:
    return lambda scene: Wire(
        [head(scene.full, ("Transfer-Encoding", "chunked")), size + b"\r\n" + scene.full.body], "close"
    )


_ODD_PORTS = ("99999999", "65536", "99999", "0", "-1", "x", "٥", "9" * 400, "")


def _redirect(location: str, *, status: int = 302) -> Callable[[Scene], Wire]:
    def redirected(scene: Scene) -> Wire:
        port = scene.root.rpartition(":")[2]
        odd = scene.random.choice(_ODD_PORTS)
        target = location.format(root=scene.root, port=port, path=scene.question.path, odd=odd)
        return Wire([plain(Answer(status, "text/plain", b"elsewhere", (("Location", target),)))])

    return redirected


def _redirect_to_another(scene: Scene) -> Wire:
    """A redirect to the same document of another project, as where a project was renamed."""
    return Wire([plain(Answer(301, "text/plain", b"", (("Location", scene.foreign_path),)))])


def _cut(scene: Scene) -> Wire:
    whole = plain(scene.full)
    return Wire([whole[: scene.random.randrange(1, len(whole))]], "close")


def _length(add: int) -> Callable[[Scene], Wire]:
    return lambda scene: Wire(
        [head(scene.full, ("Content-Length", str(max(0, len(scene.full.body) + add)))), scene.full.body], "close"
    )


def _two_lengths(scene: Scene) -> Wire:
    half = str(len(scene.full.body) // 2)
    return Wire(
        [head(scene.full, ("Content-Length", half), ("Content-Length", str(len(scene.full.body)))), scene.full.body],
        "close",
    )


def _gzip_answer(scene: Scene, spoil: Callable[[bytes], bytes]) -> Wire:
    packed = gzip.compress(json.dumps({"info": {}}).encode() + scene.full.body)
    headers = (*[one for one in scene.full.headers if one[0] != "Content-Encoding"], ("Content-Encoding", "gzip"))
    return Wire([plain(dataclasses.replace(scene.full, body=spoil(packed), headers=headers))])


def _broken_gzip(scene: Scene) -> Wire:
    return _gzip_answer(scene, lambda packed: packed[:20] + b"\x00\xff\x00" + packed[23:])


def _cut_gzip(scene: Scene) -> Wire:
    return _gzip_answer(scene, lambda packed: packed[: len(packed) // 2])


def _replaced(status: int, content_type: str, body: bytes, *headers: tuple[str, str]) -> Callable[[Scene], Wire]:
    return lambda _: Wire([plain(Answer(status, content_type, body, headers))])


_OF_A_FILE = ("metadata", "provenance")


def _stale(scene: Scene) -> Wire:
    """What was answered before the last changes; what belongs to a file that was not there then is answered now."""
    return Wire([plain(scene.answer if scene.question.kind in _OF_A_FILE else scene.stale)])


def _not_yet(scene: Scene) -> Wire:
    """What belongs to a file is not there yet, although the document lists it; other answers are sound."""
    absent = Answer(404, "text/plain", b"404 Not Found")
    return Wire([plain(absent if scene.question.kind in _OF_A_FILE else scene.answer)])


_HTML = b"<!DOCTYPE html><html><body>Please sign in.</body></html>"
_NOW = ("Retry-After", "0")

FAULTS: dict[str, FaultKind] = {
    "interim-102": FaultKind(_interim(102), "valid"),
    "interim-103": FaultKind(_interim(103), "valid"),
    "interim-100": FaultKind(_interim(100), "valid"),
    "tiny-chunks": FaultKind(lambda scene: Wire(chunked(scene.full, 2)), "valid"),
    "chunk-extensions": FaultKind(lambda scene: Wire(chunked(scene.full, 1000, b";name=value")), "valid"),
    "redirect-host": FaultKind(_redirect("http://localhost:{port}{path}"), "valid"),
    "http-429": FaultKind(_replaced(429, "text/plain", b"slowly", _NOW), "broken"),
    "http-503": FaultKind(_replaced(503, "text/html", _HTML, _NOW), "broken"),
    "http-500": FaultKind(_replaced(500, "text/html", _HTML), "broken"),
    "duplicated": FaultKind(_duplicated, "broken"),
    "unsolicited-304": FaultKind(lambda scene: Wire([plain(scene.answer) + _NOT_MODIFIED]), "broken"),
    "late-304": FaultKind(lambda scene: Wire([plain(scene.answer)], late=_NOT_MODIFIED), "unseen"),
    "late-body": FaultKind(_late_body, "broken"),
    "late-absence": FaultKind(_late_absence, "absent"),
    "foreign": FaultKind(_foreign, "foreign"),
    "redirect-foreign": FaultKind(_redirect_to_another, "foreign"),
    "endless-trailers": FaultKind(_endless_trailers, "broken"),
    "endless-extension": FaultKind(_endless_extension, "broken"),
    "endless-chunks": FaultKind(_endless_chunks, "broken"),
    "endless-headers": FaultKind(_endless_headers, "broken"),
    "negative-chunk": FaultKind(_chunk_size(b"-5"), "broken"),
    "odd-chunk": FaultKind(_chunk_size(b"zz"), "broken"),
    "huge-chunk": FaultKind(_chunk_size(b"f" * 40), "broken"),
    "redirect-port": FaultKind(_redirect("http://127.0.0.1:{odd}{path}"), "broken"),
    "redirect-nowhere": FaultKind(_redirect("{path}"), "broken"),
    "redirect-odd": FaultKind(_redirect("http://[broken{path}", status=301), "broken"),
    "cut": FaultKind(_cut, "broken"),
    "length-long": FaultKind(_length(50), "broken"),
    "length-short": FaultKind(_length(-5), "broken"),
    "two-lengths": FaultKind(_two_lengths, "broken"),
    "broken-gzip": FaultKind(_broken_gzip, "broken"),
    "cut-gzip": FaultKind(_cut_gzip, "broken"),
    "html": FaultKind(_replaced(200, "text/html", _HTML), "broken"),
    "html-as-json": FaultKind(_replaced(200, "application/json", _HTML), "broken"),
    "reset": FaultKind(lambda scene: Wire([plain(scene.full)[:30]], "reset"), "broken"),
    "json-error": FaultKind(
        _replaced(200, "application/json", b'{"errors": [{"status": 403, "message": "no"}]}'), "refused"
    ),
    "http-403": FaultKind(_replaced(403, "text/plain", b"blocked"), "refused"),
    "http-401": FaultKind(_replaced(401, "text/plain", b"who are you"), "refused"),
    "http-451": FaultKind(_replaced(451, "text/plain", b"unavailable"), "refused"),
    "http-404": FaultKind(_replaced(404, "application/json", b'{"message": "Not Found"}'), "absent"),
    "stale": FaultKind(_stale, "stale"),
    "not-yet": FaultKind(_not_yet, "broken"),
}
"""The faults of the wire by name; those of the documents are added by `doctored`."""
