"""Which modules are mutated, and the fast tests that concern each."""

_DOCUMENTS = ("tests/documents", "tests/test_documents.py")

#: Each module, by its path in the package, and the tests that are to see a change of it.
TABLE: dict[str, tuple[str, ...]] = {
    "documents/core_metadata.py": ("tests/documents/test_core_metadata.py", "tests/streams/test_core_metadata.py"),
    "documents/document.py": _DOCUMENTS,
    "documents/feed.py": ("tests/documents/test_feed.py",),
    "documents/mark.py": ("tests/documents/test_mark.py", "tests/test_state.py"),
    "documents/page.py": ("tests/documents/test_page.py", "tests/test_documents.py"),
    "documents/project.py": ("tests/documents/test_project.py",),
    "state.py": ("tests/test_state.py",),
    "changes.py": ("tests/test_changes.py",),
    "recollection.py": ("tests/test_recollection.py", "tests/test_roll.py"),
    "roll.py": ("tests/test_roll.py",),
    "client.py": ("tests/test_client.py",),
    "sync.py": ("tests/test_sync.py", "tests/test_roll.py"),
    "turns.py": ("tests/test_turns.py",),
}
#: What is too slow to run for every mutant.
SLOW = ("tests/test_roll.py::test_many_names", "tests/test_documents.py::test_whatever_is_wrong_with_a_document")
