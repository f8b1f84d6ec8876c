"""The index of the tutorial and of the guides: a few projects with well-known names, two of them with faults."""

from datetime import date

from tests.fake_index import World
from tests.fake_index.model import advisory

#: By project, its releases with the days of their uploads.
RELEASES = {
    "Flask": (("2.2.2", date(2022, 8, 8)), ("2.3.2", date(2023, 5, 1)), ("3.0.0", date(2023, 9, 30))),
    "Werkzeug": (("2.2.1", date(2022, 7, 27)), ("2.2.3", date(2023, 2, 14)), ("3.0.0", date(2023, 9, 30))),
    "requests": (("2.31.0", date(2023, 5, 22)), ("2.32.1", date(2024, 5, 20)), ("2.32.3", date(2024, 5, 29))),
    "click": (("8.1.7", date(2023, 8, 17)), ("8.1.8", date(2024, 12, 21))),
}
SUMMARIES = {
    "Flask": "A simple framework for building complex web applications.",
    "Werkzeug": "The comprehensive WSGI web application library.",
    "requests": "Python HTTP for Humans.",
    "click": "Composable command line interface toolkit",
}
REQUIRED = {"Flask": ["Werkzeug>=2.2.0", "click>=8.0"]}


def example_index() -> World:
    """An index with the projects of the tutorial."""
    world = World(serial=20_000_000, start="2022-01-01T00:00:00Z")
    for name, releases in RELEASES.items():
        info = {"summary": SUMMARIES[name], "requires_dist": REQUIRED.get(name), "license_expression": "BSD-3-Clause"}
        for version, day in releases:
            world.release(name, version, info)
            for suffix in (".tar.gz", "-py3-none-any.whl"):
                filename = f"{name.lower()}-{version}{suffix}"
                world.upload(name, version, filename=filename, uploaded_at=f"{day.isoformat()}T12:00:00Z")
        world.add_role(name, "maintainer")
    forms = {"aliases": ("CVE-2023-25577",), "fixed_in": ("2.2.3",), "summary": "Unlimited number of form parts"}
    world.add_advisory("Werkzeug", "2.2.1", advisory("PYSEC-2023-58", **forms))
    world.yank("requests", "2.32.1", "Conflicts with the mitigation of CVE-2024-35195")
    return world


def next_day(world: World) -> None:
    """What happens in the tutorial before the second sync: a release of Flask."""
    world.release("Flask", "3.1.0", {"summary": SUMMARIES["Flask"], "license_expression": "BSD-3-Clause"})
    for suffix in (".tar.gz", "-py3-none-any.whl"):
        world.upload("Flask", "3.1.0", filename=f"flask-3.1.0{suffix}", uploaded_at="2024-11-13T12:00:00Z")
