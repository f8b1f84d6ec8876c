"""What each server says of the uploads, in each form that it answers in: recorded by asking it with a plain client.

``test_expected.py`` asks again, and fails if a server says something else. ``expected_files`` is what a reader of all
that a server says can know: the project document's value, or else the page's.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from tests.servers import servers, simulated, trees
from tests.servers.packages import UPLOADED_AT, UPLOADS, YANKED_REASON, Upload, is_yanked, metadata
from tests.servers.servers import Server
from tests.servers.simulated import REQUIRES_PYTHON, Product, Simulated

#: Starts a server in a folder, and stops it at the end of the block.
StartServer = Callable[[Path], AbstractContextManager[Server]]


@dataclass(frozen=True, slots=True)
class Says:
    """What a form of answer says of each file, beside its name and address.

    algorithm: of the hash; None: there is no hash. core_metadata: of wheels, "yes" or with its "sha256".
    yanked: "yes", or with the "reason".
    """

    algorithm: str | None = None
    size: bool = False
    uploaded_at: bool = False
    requires_python: bool = False
    core_metadata: str | None = None
    yanked: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """A server: how it is started, and what its pages and documents say of files. None: it has no such form.

    An index without ``document`` may have project documents all the same, which do not list releases.
    """

    start: StartServer
    html: Says
    json: Says | None = None
    document: Says | None = None
    #: Where the project document is, below the server's root.
    document_path: str = "/pypi/{name}/json"
    #: Whether it has a list of projects.
    has_list: bool = True
    #: The status for a project that it does not have.
    missing: int = 404


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """What can be known of a file. None: the server does not say."""

    filename: str
    version: str
    md5: str | None
    sha256: str | None
    size: int | None
    uploaded_at: datetime | None
    requires_python: str | None
    yanked: bool
    yanked_reason: str | None
    core_metadata: bool
    core_metadata_sha256: str | None


def said_of(says: Says, upload: Upload) -> ExpectedFile:
    """What a form of answer says of an upload."""
    is_described = says.core_metadata is not None and upload.filetype == "bdist_wheel"
    yanked = says.yanked is not None and is_yanked(upload)
    return ExpectedFile(
        filename=upload.filename,
        version=upload.version,
        md5=hashlib.md5(upload.content, usedforsecurity=False).hexdigest()
        if says.algorithm in ("md5", "all")
        else None,
        sha256=upload.sha256 if says.algorithm in ("sha256", "all") else None,
        size=len(upload.content) if says.size else None,
        uploaded_at=UPLOADED_AT if says.uploaded_at else None,
        requires_python=REQUIRES_PYTHON if says.requires_python else None,
        yanked=yanked,
        yanked_reason=YANKED_REASON if yanked and says.yanked == "reason" else None,
        core_metadata=is_described,
        core_metadata_sha256=_described(upload) if is_described and says.core_metadata == "sha256" else None,
    )


def expected_files(index: Index, project: str) -> list[ExpectedFile]:
    """What can be known of a project's files, by name: the document's value, or else that of the page."""
    forms = [form for form in (index.document, index.json or index.html) if form]
    together = Says(
        algorithm=next((form.algorithm for form in forms if form.algorithm), None),
        size=any(form.size for form in forms),
        uploaded_at=any(form.uploaded_at for form in forms),
        requires_python=any(form.requires_python for form in forms),
        core_metadata=next((form.core_metadata for form in forms if form.core_metadata), None),
        yanked=next((form.yanked for form in forms if form.yanked), None),
    )
    uploads = [upload for upload in UPLOADS if canonicalize_name(upload.project) == project]
    return sorted((said_of(together, upload) for upload in uploads), key=lambda file: file.filename)


def _described(upload: Upload) -> str:
    return hashlib.sha256(metadata(upload.project, upload.version)).hexdigest()


@contextmanager
def _pypiserver(folder: Path) -> Iterator[Server]:
    with servers.pypiserver(folder) as server:
        yield Server(server.url, f"{server.url}/simple/")


@contextmanager
def _devpi(folder: Path) -> Iterator[Server]:
    with servers.devpi(folder) as server:
        yield Server(server.url, f"{server.index}/+simple/")


def _proxpi(upstream: StartServer) -> StartServer:
    """Run proxpi in front of another server."""

    @contextmanager
    def start(folder: Path) -> Iterator[Server]:
        with ExitStack() as stack:
            parts = [folder / "upstream", folder / "proxpi"]
            for part in parts:
                part.mkdir()
            cached = stack.enter_context(upstream(parts[0]))
            yield stack.enter_context(servers.proxpi(parts[1], cached.index))

    return start


@contextmanager
def _bandersnatch(folder: Path) -> Iterator[Server]:
    with trees.bandersnatch(folder, negotiating=True) as server:
        yield server


@contextmanager
def _bandersnatch_html(folder: Path) -> Iterator[Server]:
    with trees.bandersnatch(folder, negotiating=False) as server:
        yield server


def _simulated(product: Product) -> StartServer:
    @contextmanager
    def start(folder: Path) -> Iterator[Server]:
        with Simulated(product) as server:
            yield Server(server.url, server.index)

    return start


@contextmanager
def _simpleindex(folder: Path) -> Iterator[Server]:
    """Run simpleindex; a redirect would lead to itself."""
    with servers.simpleindex(folder, "/simple/") as server:
        yield server


_HASH = Says("sha256")
_USUAL = Says("sha256", requires_python=True)
_MIRRORED = Says("sha256", requires_python=True, yanked="reason")
_MIRRORED_DOCUMENT = Says(
    "all", size=True, uploaded_at=True, requires_python=True, core_metadata="sha256", yanked="reason"
)
_ARTIFACTORY = "/artifactory/api/pypi/pypi-local/pypi/{name}/json"
_DUMB = Says("sha256", requires_python=True, core_metadata="sha256", yanked="reason")

#: The servers that are installed, by name.
INSTALLED: Mapping[str, Index] = {
    "pypiserver": Index(_pypiserver, html=_HASH, document=Says(), document_path="/{name}/json"),
    "devpi": Index(_devpi, html=_USUAL, json=_USUAL),
    "simpleindex": Index(_simpleindex, html=Says(), has_list=False),
    "simple-repository-server": Index(
        servers.simple_repository,
        html=Says(core_metadata="yes"),
        json=Says(size=True, uploaded_at=True, core_metadata="yes"),
    ),
    "proxpi": Index(_proxpi(servers.simple_repository), html=Says(core_metadata="yes"), json=Says(core_metadata="yes")),
    "proxpi, mirror": Index(
        _proxpi(_bandersnatch),
        html=Says("sha256", requires_python=True, yanked="yes"),
        json=Says("sha256", requires_python=True, yanked="yes"),
    ),
    "bandersnatch": Index(
        _bandersnatch,
        html=_MIRRORED,
        json=Says("sha256", size=True, uploaded_at=True, requires_python=True, yanked="yes"),
        document=_MIRRORED_DOCUMENT,
    ),
    "bandersnatch, HTML": Index(_bandersnatch_html, html=_MIRRORED, document=_MIRRORED_DOCUMENT),
    "dumb-pypi": Index(
        trees.dumb_pypi, html=_DUMB, document=Says("sha256", uploaded_at=True, requires_python=True, yanked="reason")
    ),
    "folder": Index(trees.folder_behind_nginx, html=Says()),
}

#: The simulations of products that cannot be installed.
SIMULATED: Mapping[str, Index] = {
    "Artifactory": Index(_simulated(simulated.Artifactory()), html=_USUAL, document_path=_ARTIFACTORY),
    "Artifactory, JSON": Index(
        _simulated(simulated.Artifactory(as_json=True)), html=_USUAL, json=_USUAL, document_path=_ARTIFACTORY
    ),
    "Nexus": Index(_simulated(simulated.Nexus()), html=_USUAL, missing=200),
    "Nexus, hosted, MD5": Index(
        _simulated(simulated.Nexus(is_group=False, algorithm="md5")), html=Says("md5", requires_python=True)
    ),
    "GitLab": Index(_simulated(simulated.GitLab()), html=_USUAL),
    "GitLab, JSON": Index(_simulated(simulated.GitLab(as_json=True)), html=_USUAL, json=_USUAL),
    "CodeArtifact": Index(_simulated(simulated.CodeArtifact()), html=_USUAL, has_list=False),
    "CodeArtifact, JSON": Index(
        _simulated(simulated.CodeArtifact(as_json=True)),
        html=_USUAL,
        json=Says("sha256", size=True, uploaded_at=True, requires_python=True),
        has_list=False,
    ),
    "Artifact Registry": Index(_simulated(simulated.ArtifactRegistry()), html=_HASH),
    "Azure Artifacts": Index(_simulated(simulated.Azure()), html=_USUAL),
    "Gitea": Index(_simulated(simulated.Gitea()), html=_USUAL, has_list=False),
    "Gitea, older": Index(_simulated(simulated.Gitea(separator="-")), html=_USUAL, has_list=False),
    "Pulp": Index(
        _simulated(simulated.Pulp()),
        html=Says("sha256", requires_python=True, core_metadata="sha256"),
        json=Says("sha256", size=True, uploaded_at=True, requires_python=True, core_metadata="sha256"),
        document=Says("sha256", size=True, uploaded_at=True, requires_python=True),
        document_path="/pypi/example/pypi/{name}/json",
    ),
    "awkward HTML": Index(
        _simulated(simulated.Awkward()),
        html=Says("sha512", requires_python=True, core_metadata="yes", yanked="yes"),
    ),
}
INDEXES: Mapping[str, Index] = {**INSTALLED, **SIMULATED}


def page_url(server: Server, project: str) -> str:
    """The address of a project's page."""
    return f"{server.index}{project}/"


def document_url(index: Index, server: Server, project: str) -> str:
    """The address of a project's document."""
    base = urlsplit(server.index)
    path = index.document_path.format(name=project)
    return f"{base.scheme}://{base.netloc}{path}"
