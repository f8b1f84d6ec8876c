"""The connector for Airbyte's test tools: its catalogue files, and an index in which every stream has rows.

The configurations in ``integration_tests/`` name no index; a copy of them gets the URL of a fake index.
``python -m tests.connector`` writes the files that are generated from the streams.
"""

import json
import shutil
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from source_pypi import airbyte
from source_pypi.config import make_config
from source_pypi.selection import SelectedProject, select
from source_pypi.services.index.documents import Fingerprint
from source_pypi.streams import STREAMS
from source_pypi.streams.stream import Stream
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, settings_digest_of
from source_pypi.sync.state_codec import pack_text
from tests.fake_index import FakeIndex, World
from tests.streams.provenance import attested

ROOT = Path(__file__).parents[1]
CONFIGURATIONS = ROOT / "integration_tests"
#: A serial and a time that are never reached.
SERIAL, TIME = 2**62, 2**40
#: The placeholder for the index's URL.
PLACEHOLDER = "{index}"
FILES = ("metadata.yaml", "acceptance-test-config.yml", "icon.svg", "integration_tests")
#: The documents of download counts that the fake index serves, too, and a category of each.
COUNTS = {"overall": "without_mirrors", "python_minor": "3.12", "system": "Linux"}
INFO = {
    "summary": "A sample",
    "requires_dist": ["peppercorn>=0.6", 'check-manifest; extra == "dev"'],
    "classifiers": ["Programming Language :: Python :: 3.12", "Typing :: Typed"],
    "project_urls": {"Source": "https://code.example.com/sample", "Documentation": "https://docs.example.com/sample"},
}


def sample_world() -> World:
    """Return an index with the projects of the configurations, and with rows for every stream."""
    world = World()
    world.add("requests", releases=["2.30.0", "2.31.0"], owner="ann", **INFO)
    world.add_advisory("requests", "2.31.0", "PYSEC-2024-1")
    world.add("sampleproject", releases=["3.0.0"], owner="ben", **INFO)
    world.release("sampleproject", "4.0.0", info=INFO)
    metadata = b"Metadata-Version: 2.1\nName: sampleproject\nVersion: 4.0.0\nRequires-Dist: peppercorn>=0.6\n\nText\n"
    world.upload(
        "sampleproject",
        "4.0.0",
        filename="sampleproject-4.0.0-py3-none-any.whl",
        content=b"zip",
        metadata=metadata,
        core_metadata=sha256(metadata).hexdigest(),
        provenance=attested("sampleproject-4.0.0-py3-none-any.whl"),
    )
    world.upload("sampleproject", "4.0.0", filename="sampleproject-4.0.0.tar.gz", content=b"tar")
    day = str(datetime.now(UTC).date() - timedelta(days=5))  # a first run reads the last days only
    for project in ("requests", "sampleproject"):
        for document, category in COUNTS.items():
            counts = [{"category": category, "date": day, "downloads": 5}]
            answer = {"data": counts, "package": project, "type": f"{document}_downloads"}
            world.override(f"/api/packages/{project}/{document}", answer)
    return world


def sample_config(name: str, fake: FakeIndex) -> dict[str, Any]:
    """Return a configuration for a fake index, without a rate limit."""
    settings: dict[str, Any] = json.loads((CONFIGURATIONS / name).read_text())
    own = {"index_url": fake.url, "requests_per_second": 0, "events_since": "0"}
    export = CONFIGURATIONS / "advisories"
    return settings | own | {"downloads_url": fake.url, "advisories_url": f"file:{export}"}


def copy_connector(folder: Path, fake: FakeIndex) -> Path:
    """Copy the catalogue files to a folder named like the connector, with the index's URL in them."""
    copy = folder / "source-pypi"
    copy.mkdir()
    for name in FILES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name)
        else:
            shutil.copy(ROOT / name, copy / name)
    for path in (copy / "integration_tests").glob("*config*.json"):
        path.write_text(json.dumps(sample_config(path.name, fake)))
    state = copy / "integration_tests" / "abnormal_state.json"
    state.write_text(state.read_text().replace(PLACEHOLDER, fake.url))
    return copy


#: Streams of services that the index does not provide: the standard tests must not ask these.
OTHER_SERVICES = tuple(stream.name for stream in STREAMS if stream.service == "downloads")


def generated() -> dict[str, Any]:
    """Return the content of the generated files, by name."""
    streams = json.loads(airbyte.discover())["catalog"]["streams"]
    return {
        "configured_catalog.json": _catalog([one for one in streams if one["name"] not in OTHER_SERVICES]),
        "abnormal_state.json": [_abnormal_state(one) for one in STREAMS if one.incremental and not one.service],
    }


def _catalog(streams: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a configured catalog with these streams, incremental if supported."""
    return {
        "streams": [
            {
                "stream": {key: stream[key] for key in ("name", "supported_sync_modes")} | {"json_schema": {}},
                "sync_mode": stream["supported_sync_modes"][-1],
                "destination_sync_mode": "append_dedup" if stream["source_defined_cursor"] else "overwrite",
            }
            for stream in streams
        ]
    }


def _abnormal_state(stream: Stream) -> dict[str, Any]:
    """Return the state of a stream that read the projects of the configuration in the far future."""
    projects: list[SelectedProject | None] = [
        *select(make_config(json.loads((CONFIGURATIONS / "config.json").read_text()))).projects
    ]
    packed = {}
    for project in projects if stream.of_project else [None]:
        digest = settings_digest_of(stream, project, "latest", use_core_metadata=False, keys=True)
        fingerprints = {code: Fingerprint(b"", SERIAL) for code in "dpl"}
        state = ProjectState(TIME, digest, True, SERIAL, fingerprints, {})
        packed[WHOLE_INDEX if project is None else project.project] = pack_text(state)
    content = {"version": 1, "index": PLACEHOLDER, "projects": packed}
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": stream.name}, "stream_state": content}}


if __name__ == "__main__":
    for name, content in generated().items():
        (CONFIGURATIONS / name).write_text(json.dumps(content, indent=2) + "\n")
