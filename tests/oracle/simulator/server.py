"""The server: one thread a connection, raw sockets, answers that a plan of faults may spoil."""

import copy
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import BinaryIO
from urllib.parse import quote

from tests.oracle.simulator import answers, wire
from tests.oracle.simulator.answers import Answer, Question
from tests.oracle.simulator.doctored import DOCTORED
from tests.oracle.simulator.documents import Site, Style
from tests.oracle.simulator.faults import FAULTS, Fault, FaultKind, Scene
from tests.oracle.simulator.model import Index
from tests.oracle.simulator.pages import provenance_path

Responder = Callable[[Question], wire.Wire]
ALL_FAULTS: dict[str, FaultKind] = FAULTS | DOCTORED
"""Every fault by name."""


def read_question(stream: BinaryIO) -> Question | None:
    """The next request of a connection; None where there is none."""
    line = stream.readline(65536)
    parts = line.decode("latin-1").split()
    if len(parts) != 3:
        return None
    headers: dict[str, str] = {}
    while (header := stream.readline(65536)) not in {b"\r\n", b"\n", b""}:
        name, _, value = header.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return Question.of(parts[0], parts[1], headers)


class Server:
    """Serves what a responder makes of each question, on a port of the loopback."""

    def __init__(self, respond: Responder) -> None:
        self._respond = respond
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.root = f"http://127.0.0.1:{self.port}"
        self.unsent = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening; connections that are open end with their clients."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(60)
        with suppress(OSError), connection, connection.makefile("rb") as stream:
            late = b""
            while (question := read_question(stream)) is not None:
                reply = self._respond(question)
                connection.sendall(late)
                if late and isinstance(reply.pieces, list):
                    late = b"".join(piece for piece in reply.pieces if isinstance(piece, bytes))
                    continue
                late = reply.late
                self._send(connection, reply)
                if reply.ending == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if reply.ending != "keep":
                    return
                connection.settimeout(reply.idle)

    def _send(self, connection: socket.socket, reply: wire.Wire) -> None:
        try:
            for piece in reply.pieces:
                if isinstance(piece, bytes):
                    connection.sendall(piece)
                else:
                    time.sleep(piece)
        except OSError:
            self.unsent += 1
            raise


@dataclass
class Served:
    """A question that was answered, with the fault that spoilt the answer, if any."""

    question: Question
    status: int
    fault: Fault | None


@dataclass
class Simulator:
    """
    An index behind a server. `plan` are the faults that wait for their question, `served` what was asked, `endured`
    the paths of endless answers that nobody ended.
    """

    index: Index
    style: Style
    plan: list[Fault] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    on_request: Callable[[int], None] | None = None
    endured: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.past = copy.deepcopy(self.index)
        self._lock = threading.Lock()
        self._server = Server(self._respond)
        self.site = Site(self._server.root, self.style)

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def restyle(self, style: Style) -> None:
        """Serve the index in another style."""
        self.style = style
        self.site = Site(self._server.root, style)

    def remember(self) -> None:
        """Take the present index for what stale copies show from now on."""
        self.past = copy.deepcopy(self.index)

    def sound(self, question: Question, index: Index | None = None) -> Answer:
        """What the index answers when nothing goes wrong."""
        answer = answers.sound(self.site, index or self.index, question)
        return answers.conditioned(self.site, question, answer)

    def _respond(self, question: Question) -> wire.Wire:
        with self._lock:
            answer = self.sound(question)
            fault = next((one for one in self.plan if one.concerns(question, answer)), None)
            self.served.append(Served(question, answer.status, fault))
            if self.on_request is not None:
                self.on_request(len(self.served))
            if fault is None:
                return wire.Wire([b""] if question.method == "HEAD" else [wire.plain(answer)])
            fault.times -= 1
            return ALL_FAULTS[fault.name].make(self._scene(question, answer, fault))

    def _foreign(self, question: Question, random: Random, kind: str) -> str | None:
        """The path of this document of another project or, if that is meant, of the other feed; None: there is none."""
        others = [one for name, one in sorted(self.index.projects.items()) if name != question.key and one.has_document]
        if question.kind in {"updates", "packages"} and kind == question.kind:
            return "/rss/packages.xml" if question.kind == "updates" else "/rss/updates.xml"
        if question.kind == "provenance":
            return self._foreign_provenance(question, random)
        if question.kind not in {"project", "release", "page"} or not others:
            return None
        other = random.choice(others)
        paths = {
            "project": f"/pypi/{other.key}/json",
            "release": f"/pypi/{other.key}/{quote(other.latest.version)}/json",
            "page": f"/simple/{other.key}/",
        }
        return paths[question.kind]

    def _foreign_provenance(self, question: Question, random: Random) -> str | None:
        """The path of another file's provenance; None where no other file has any."""
        attested = [
            f"/{provenance_path(project, release, file)}"
            for _, project in sorted(self.index.projects.items())
            for release, file in project.paged
            if file.bundles and file.filename != question.filename
        ]
        return random.choice(attested) if attested else None

    def _scene(self, question: Question, answer: Answer, fault: Fault) -> Scene:
        random = Random(fault.seed)
        headers = {**question.headers, "if-none-match": ""}
        unconditioned = Question.of("GET", question.path, headers)
        foreign = self._foreign(question, random, fault.kind)
        return Scene(
            question=question,
            answer=answer,
            full=self.sound(unconditioned),
            stale=self.sound(unconditioned, self.past),
            foreign=None if foreign is None else self.sound(Question.of("GET", foreign, headers)),
            foreign_path=foreign or "/",
            root=self._server.root,
            random=random,
            endured=self.endured,
        )
