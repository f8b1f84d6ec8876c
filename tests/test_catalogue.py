"""The files for Airbyte's catalogue, without Airbyte's models (tests/cdk uses those).

A maintainer of the catalogue takes docs/airbyte.md as docs/integrations/sources/pypi.md, docs/airbyte-migrations.md as
pypi-migrations.md beside it, and the files of the connector unchanged.
"""

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

from source_pypi import __version__, airbyte
from source_pypi.airbyte.read import HEARTBEAT
from source_pypi.streams import STREAMS
from tests.connector import ROOT
from tests.image.dockerfile import ignored, read_dockerfile

PAGE = (ROOT / "docs" / "airbyte.md").read_text(encoding="utf-8")
METADATA = (ROOT / "metadata.yaml").read_text(encoding="utf-8")
LINK = "https://docs.airbyte.com/integrations/sources/pypi"
SYNC_MODES = "https://docs.airbyte.com/cloud/core-concepts/#connection-sync-modes"


def metadata_value(key: str) -> str:
    """Return a value of the metadata that is on one line."""
    (value,) = re.findall(rf"^ +{key}: (.+)$", METADATA, re.MULTILINE)
    return str(value)


# The page -----------------------------------------------------------------------------------------------------


def headings(text: str) -> list[str]:
    """Return the headings of a page, in order."""
    return re.findall(r"^#+ .+$", text, re.MULTILINE)


def test_headings() -> None:
    """The page has the headings that the catalogue requires, in order."""
    wanted = [
        *("# PyPI", "## Prerequisites", "## Setup guide", "## Set up PyPI", "### For Airbyte Cloud:"),
        *("### For Airbyte Open Source:", "## Supported sync modes", "## Supported Streams"),
        *("### Performance considerations", "## Data type map", "## Limitations & Troubleshooting", "## Changelog"),
    ]
    assert [heading for heading in headings(PAGE) if heading in wanted] == wanted
    others = [heading for heading in headings(PAGE) if heading not in wanted]
    assert all(heading.startswith("###") for heading in others)


def test_fixed_texts() -> None:
    """The page has the sentences that the catalogue requires, word for word."""
    assert re.sub(r"\s*\n\s*", "", PAGE).count(
        f"<HideInUI>This page contains the setup guide and reference information for the [PyPI]({LINK}) "
        "source connector.</HideInUI>"
    )
    assert f"The PyPI source connector supports the following [sync modes]({SYNC_MODES}):" in PAGE
    assert re.search(r"## Changelog\n\n<details>\n  <summary>Expand to review</summary>\n\n\|", PAGE)
    assert PAGE.endswith("</details>\n")


def test_prerequisites() -> None:
    """The prerequisites name every required setting, and those that select projects, by title."""
    schema = json.loads(airbyte.spec())["spec"]["connectionSpecification"]
    section = PAGE.partition("## Prerequisites")[2].partition("\n## ")[0]
    names = {*schema["required"], "projects", "project_name", "version", "requirements", "index_url"}
    assert [name for name in names if f"**{schema['properties'][name]['title']}**" not in section] == []


def test_emphasised_names_are_titles() -> None:
    """Every name of a setting on the page is its title."""
    schema = json.loads(airbyte.spec())["spec"]["connectionSpecification"]
    titles = {setting["title"] for setting in schema["properties"].values()}
    emphasised = set(re.findall(r"\*\*([A-Z][^*]+)\*\*", PAGE))
    assert emphasised - titles == {"Set up source"}


def test_table_of_streams() -> None:
    """The page's table of streams is that of the connector."""
    shown = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (yes|no) \|$", PAGE, re.MULTILINE)
    assert shown == [
        (
            stream.name,
            stream.row,
            ", ".join(f"`{name}`" for name in stream.key) or "none",
            "yes" if stream.incremental else "no",
        )
        for stream in STREAMS
    ]


def test_changelog() -> None:
    """The newest entry of the changelog is of this version; versions and dates descend; each entry has a pull request.

    The number of a pull request that is not yet open is a placeholder of the catalogue's tools.
    """
    table = PAGE.partition("## Changelog")[2]
    assert "| Version | Date | Pull Request | Subject |\n" in table
    rows = re.findall(r"^\| ([\d.]+) \| ([\d-]+) \| (.+?) \| (.+?) \|$", table, re.MULTILINE)
    versions = [tuple(map(int, row[0].split("."))) for row in rows]
    assert rows[0][0] == __version__
    assert versions == sorted(versions, reverse=True)
    dates = [date.fromisoformat(row[1]) for row in rows]
    assert dates == sorted(dates, reverse=True)
    numbers = [re.fullmatch(r"\[(.+)\]\(https://github\.com/airbytehq/airbyte/pull/(.+)\)", row[2]) for row in rows]
    assert all(found and found[1] == found[2] for found in numbers)
    assert {found[1] for found in numbers if found and not found[1].isdigit()} <= {"*PR_NUMBER_PLACEHOLDER*"}
    assert len(rows) == table.count("\n| ") - 2


def test_migration_guide() -> None:
    """Each breaking change, also of the next version, has a section in the migration guide, newest first.

    Its message links to the section, its deadline is a date, and it names the streams whose keys or modes change.
    """
    guide = (ROOT / "docs" / "airbyte-migrations.md").read_text(encoding="utf-8")
    changes = METADATA.partition("\n    breakingChanges:\n")[2].partition("\n  ab_internal:")[0]
    versions = re.findall(r"^      (\d\S+):$", changes, re.MULTILINE)
    assert __version__ in versions
    title, *sections = [line for line in headings(guide) if not line.startswith("###")]
    assert title == "# PyPI Migration Guide"
    assert sections == [f"## Upgrading to {version}" for version in reversed(versions)]
    links = re.findall(rf"{LINK}-migrations#(\S+)", changes)
    assert links == [f"upgrading-to-{version.replace('.', '')}" for version in versions]
    deadlines = re.findall(r'upgradeDeadline: "(.+)"', changes)
    assert [date.fromisoformat(deadline) > date(2026, 11, 22) for deadline in deadlines] == [True] * len(versions)
    of_0_2 = ["project", "release"]
    changed = [one.name for one in STREAMS if one.key[:2] == ("project", "filename")]
    assert re.findall(r"impactedScopes: \[(.*)\]", changes) == [", ".join(of_0_2), ", ".join(changed)]


# Metadata, image, icon ----------------------------------------------------------------------------------------


def test_versions_agree() -> None:
    """The package, the metadata and the image's label have the same version, licence and name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (*_, image) = read_dockerfile()
    assert metadata_value("dockerImageTag") == image.labels["io.airbyte.version"] == __version__
    assert metadata_value("dockerRepository") == image.labels["io.airbyte.name"] == "airbyte/source-pypi"
    assert metadata_value("license") == project["license"]
    assert metadata_value("packageName") == f"airbyte-{project['name']}"
    assert metadata_value("documentationUrl") == LINK


def test_heartbeat_is_frequent_enough() -> None:
    """The heartbeat is at least five times as frequent as the platform's limit."""
    assert float(metadata_value("maxSecondsBetweenMessages")) >= 5 * HEARTBEAT


def test_allowed_hosts() -> None:
    """The allowed host is that of index_url; without that setting any host is."""
    (host,) = re.findall(r"^ +hosts:\n +- \"(.+)\"$", METADATA, re.MULTILINE)
    named = re.fullmatch(r"\$\{(\w+):-(.+)\}", host)
    assert named is not None
    assert named[1] in json.loads(airbyte.spec())["spec"]["connectionSpecification"]["properties"]
    assert (named[1], named[2]) == ("index_url", "*")


def test_image() -> None:
    """The image has the base in the metadata, runs the executable, and does not run as root."""
    stages = read_dockerfile()
    assert {stage.base for stage in stages} == {metadata_value("baseImage")}
    assert re.fullmatch(r"docker\.io/airbyte/python-connector-base:[\d.]+@sha256:[0-9a-f]{64}", stages[-1].base)
    assert stages[-1].user == "airbyte"
    assert stages[-1].variables["AIRBYTE_ENTRYPOINT"] == " ".join(stages[-1].entrypoint) == "source-pypi"


def test_docker_context() -> None:
    """Docker gets only what the image is made of: no tests, no histories, no environments."""
    rules = (ROOT / ".dockerignore").read_text().split()
    paths = [
        "src/source_pypi/cli/__init__.py",
        "src/pyspark_pypi/__init__.py",
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
    ]
    paths += ["requirements/image.txt", "requirements/image-sync.txt", "requirements/image-build.txt"]
    others = ["tests/__init__.py", ".git/config", ".venv/ready", "src/source_pypi/__pycache__/cli.pyc", "Makefile"]
    assert [path for path in paths if ignored(path, rules)] == []
    assert [path for path in others if not ignored(path, rules)] == []


def test_icon() -> None:
    """The icon is a square drawing of less than four kilobytes without external references."""
    path: Path = ROOT / "icon.svg"
    drawing = ET.parse(path).getroot()
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert drawing.attrib["width"] == drawing.attrib["height"]
    assert drawing.attrib["viewBox"] == f"0 0 {drawing.attrib['width']} {drawing.attrib['height']}"
    assert path.stat().st_size < 4096
    references = [
        value for element in drawing.iter() for name, value in element.attrib.items() if name.endswith("href")
    ]
    assert all(value.startswith("#") for value in references)


def test_https_only() -> None:
    """The code has no http URL, except names of schemas and examples of proxies."""
    schemas = ("http://json-schema.org/", "http://www.w3.org/")
    proxies = ("http://proxy.example.com", "http://name:password@host", "``http://``", 'f"http://{text}"')
    names = (*schemas, *proxies)
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "http://" in line and not any(name in line for name in names)
    ]
    assert found == []
