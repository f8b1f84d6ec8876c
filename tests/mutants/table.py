"""The modules that are mutated, and the fast tests of each."""

_DOCUMENTS = ("tests/services/index/documents", "tests/services/index/documents/test_any_document.py")

#: Each module, by its path in the package, and the tests that should notice a change in it.
TABLE: dict[str, tuple[str, ...]] = {
    "services/index/documents/core_metadata.py": (
        "tests/services/index/documents/test_core_metadata.py",
        "tests/streams/test_core_metadata.py",
    ),
    "services/index/documents/document.py": _DOCUMENTS,
    "services/index/documents/feed.py": ("tests/services/index/documents/test_feed.py",),
    "services/index/documents/fingerprint.py": (
        "tests/services/index/documents/test_fingerprint.py",
        "tests/sync/test_state_codec.py",
    ),
    "services/index/documents/page.py": (
        "tests/services/index/documents/test_page.py",
        "tests/services/index/documents/test_any_document.py",
    ),
    "services/index/documents/project.py": ("tests/services/index/documents/test_project.py",),
    "sync/state.py": ("tests/sync/test_state.py",),
    "sync/state_codec.py": ("tests/sync/test_state_codec.py",),
    "sync/changes.py": ("tests/sync/test_changes.py", "tests/sync/test_changes_releases.py"),
    "sync/failures.py": ("tests/sync/test_failures.py",),
    "sync/keys.py": ("tests/sync/test_keys.py",),
    "sync/planner.py": ("tests/sync/test_planner.py", "tests/sync/test_listing.py"),
    "sync/listing.py": ("tests/sync/test_listing.py",),
    "http/client.py": ("tests/http/test_client.py", "tests/http/test_responses.py", "tests/http/test_retries.py"),
    "sync/run.py": ("tests/sync/test_run.py", "tests/sync/test_listing.py"),
}
#: Tests that are too slow to run for every mutant.
SLOW = (
    "tests/sync/test_listing.py::test_many_named_projects_are_compared_with_the_list",
    "tests/services/index/documents/test_any_document.py::test_any_invalid_document_gives_rows",
)
