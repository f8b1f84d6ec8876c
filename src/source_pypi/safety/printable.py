"""Texts of others, made harmless for a terminal or a log: whatever an index, a file or a user wrote stays one line."""

#: Characters after which a line is cut; none of ours comes near it.
LONGEST_LINE = 100_000


def printable(text: str) -> str:
    r"""The text on one line, every character that cannot be seen written out: ``\x1b``, ``\n``, ``\u202e``.

    Those are control characters (terminal escapes among them), line breaks of every kind, format characters (which turn
    the direction of a text, or hide it), and halves of surrogate pairs, which no stream can be sent.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _written(char) for char in text[: LONGEST_LINE + 1])
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}..."


def printable_lines(text: str) -> str:
    """The same of each line of a text whose lines are ours: a traceback."""
    return "\n".join(map(printable, text.split("\n")))


def _written(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
