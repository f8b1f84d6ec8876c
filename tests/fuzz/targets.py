"""All targets: their seeds, their mutation, and their readers."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from source_pypi.sync.state_codec import pack_text
from tests.fuzz import documents, files, seeds, services, states
from tests.fuzz.mutation import Mutate, mutated_bytes, mutated_json, mutated_text


@dataclass(frozen=True, slots=True)
class Target:
    """A reader.

    :ivar seeds: sound inputs.
    :ivar mutate: makes another input of one.
    :ivar read: reads an input; what it raises, but for a ``SourceError``, is a find.
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutate
    read: Callable[[bytes], None]


TARGETS: tuple[Target, ...] = (
    Target("project", seeds.projects, mutated_json, documents.project),
    Target("release", seeds.releases, mutated_json, documents.release),
    Target("page", seeds.pages, mutated_json, documents.page),
    Target("listing", seeds.listings, mutated_json, documents.listing),
    Target("statistics", seeds.statistics, mutated_json, documents.statistics),
    Target("provenance", seeds.provenances, mutated_json, documents.provenance),
    Target("feed", seeds.rss, mutated_text, documents.feed),
    Target("core_metadata", seeds.metadata, mutated_text, documents.core_metadata),
    Target("requirements.txt", lambda: [seeds.REQUIREMENTS], mutated_text, files.requirements_file("requirements.txt")),
    Target("requirements", lambda: [seeds.REQUIREMENTS], mutated_text, files.requirements_text),
    *(
        Target(
            name,
            lambda body=body: [body],  # type: ignore[misc]
            mutated_json if name.startswith("Pipfile") else mutated_text,
            files.requirements_file(name),
        )
        for name, body in seeds.LOCKS.items()
    ),
    Target("config", lambda: [json.dumps(seeds.CONFIG).encode()], mutated_json, files.config),
    Target("catalog", lambda: [json.dumps(seeds.CATALOG).encode()], mutated_json, files.catalog),
    Target("state", seeds.states, mutated_json, states.state),
    Target("packed", lambda: [pack_text(seeds.seen()).encode()], mutated_bytes, states.packed_text),
    Target("_state", lambda: [states.row_seed()], mutated_json, states.table_row),
    Target("journal", services.journals, mutated_text, services.journal),
    Target("advisory", services.advisories, mutated_json, services.advisory),
    Target("advisories.zip", services.archives, services.mutated_archive, services.archive),
    Target("modified_id.csv", services.listings, mutated_text, services.listing),
    Target("pypistats", services.pypistats_documents, mutated_json, services.pypistats),
    Target("clickhouse", services.clickhouse_results, mutated_json, services.clickhouse),
    Target("top", services.top_lists, mutated_json, services.top_list),
)
