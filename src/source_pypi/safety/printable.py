"""Text from an index, a file or a user, made safe for a terminal or a log: always one line."""

#: Characters after which a line is cut; our own messages are far shorter.
LONGEST_LINE = 100_000


def printable(text: str) -> str:
    r"""The text on one line, with every unprintable character escaped: ``\x1b``, ``\n``, ``\u202e``.

    Unprintable are control characters (such as terminal escapes), all line breaks, format characters (which can reverse
    or hide text), and unpaired surrogates, which cannot be encoded.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escaped(char) for char in text[: LONGEST_LINE + 1])
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}..."


def printable_lines(text: str) -> str:
    """Apply ``printable`` to each line of a text whose line breaks are our own, such as a traceback."""
    return "\n".join(map(printable, text.split("\n")))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
