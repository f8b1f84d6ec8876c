"""audit/results.py: the report, and how it is put into words."""

from source_pypi.audit.results import NotChecked, grouped


def test_what_could_not_be_checked_is_grouped() -> None:
    """Projects with the same rules and reason share a line, so that a poor mirror does not make one for each."""
    same = [NotChecked(rule, project, "no") for project in ("a", "b", "d") for rule in ("yanked", "missing")]
    others = [NotChecked("yanked", "c", "no"), NotChecked("yanked", "a", "other")]
    assert grouped((*same, *others)) == [
        ("a, b, d", "yanked, missing", "no"),
        ("c", "yanked", "no"),
        ("a", "yanked", "other"),
    ]
