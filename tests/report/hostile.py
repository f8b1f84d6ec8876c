"""An index whose texts try to run code in a page, to leave it, or to hide what they say."""

from pathlib import Path

from tests.fake_index import World
from tests.fake_index.model import advisory
from tests.report.example import load_example

#: Texts that are code where a page does not escape them: in text, attributes, scripts, styles and templates.
CODE = (
    "<script>window.broken = 1</script>",
    '"><img src=x onerror="window.broken = 2">',
    "' onmouseover='window.broken = 3",
    "</style><svg onload=window.broken=4>",
    "</title><iframe src=javascript:window.broken=5></iframe>",
    "{{ 7 * 191 }}{% raw %}<b>bold</b>",
    "</script><script>window.broken = 6</script>",
    "]]><!-- <a href=javascript:window.broken=7>x</a> -->",
)
#: URLs that must not become links.
SCHEMES = (
    "javascript:window.broken=8",
    "JaVaScRiPt:window.broken=9",
    " javascript:window.broken=10",
    "java\tscript:window.broken=11",
    "data:text/html,<script>parent.broken=12</script>",
    "vbscript:broken",
    "//example.org/without-scheme",
    "file:///etc/passwd",
    "https:javascript:window.broken=13",
)
HARMLESS = "https://example.org/a?b=1&c=<d>"
#: The name of the requirement file.
FILE = "<img src=x onerror=window.broken=14>.txt"
#: A text without an end, as long as the index takes.
LONG = "A" * 100_000


def hostile_world() -> World:
    """An index of three projects with such texts wherever the index takes a text."""
    world = World()
    urls = {f"{code[:20]}{position}": url for position, (code, url) in enumerate(zip(CODE * 2, SCHEMES, strict=False))}
    info = {
        "summary": " ".join(CODE),
        "license_expression": CODE[0],
        "license": CODE[1],
        "project_urls": {**urls, "Source": HARMLESS},
        "classifiers": [f"Programming Language :: Python :: {CODE[0]}", *CODE],
        "requires_python": CODE[1],
        "requires_dist": [f"soft; extra == '{CODE[1]}'", "soft<2 ; python_version > '3'"],
        "home_page": SCHEMES[0],
    }
    world.add("bad", ["1.0", "2.0", f"3.0{CODE[0]}"], owner=CODE[1], **info)
    world.add("soft", ["1.0"], owner=CODE[0], summary=LONG, project_urls={"Home": f"javascript:{LONG}"})
    world.set_organization("bad", CODE[5])
    world.yank("bad", "1.0", CODE[3])
    for position, link in enumerate(SCHEMES):
        made = advisory(
            f"ID-{position}{CODE[position % len(CODE)]}",
            link=link,
            aliases=CODE[:2],
            summary=CODE[1],
            fixed_in=CODE[:1],
        )
        world.add_advisory("bad", "1.0", made)
    world.archive("soft")
    return world


def load_hostile(folder: Path) -> Path:
    """Load it into a database, from a requirement file with such a name."""
    (folder / FILE).write_text("bad==1.0\nsoft>=0.5\nabsent==1\n")
    return load_example(folder, hostile_world(), requirements=FILE)
