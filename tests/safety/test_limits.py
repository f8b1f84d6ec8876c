"""safety/limits.py: the cache of short texts."""

from source_pypi.safety.limits import LONGEST_CACHED, cached_if_short


def test_only_short_texts_are_cached() -> None:
    """The result of a short text is cached; a long text is computed each time, so that the cache stays small."""
    asked: list[str] = []

    @cached_if_short(2)
    def length(text: str) -> int:
        """The length of a text."""
        asked.append(text)
        return len(text)

    long = "x" * (LONGEST_CACHED + 1)
    assert [length(text) for text in ("a", "a", long, long)] == [1, 1, len(long), len(long)]
    assert asked == ["a", long, long]
    assert length.__doc__ == "The length of a text."
