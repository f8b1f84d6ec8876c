"""Random content: versions, metadata, files, advisories, bundles."""

from collections.abc import Sequence
from random import Random

from packaging.version import InvalidVersion, Version

from tests.oracle.simulator.model import Advisory, Bundle, DistFile, Index, Metadata, Project, Release

USERS = ("ann", "bob", "chloé", "dmitri", "eve-2")
_SHAPES = ("{n}.0", "{n}.0", "{n}.{m}.{k}", "{n}.{m}", "{n}.{m}rc1", "{n}.0a2", "{n}.0.dev3", "{n}.0.post1", "1!{n}.0")
_ODD = ("{n}.0+local.{m}", "2004-{n}-final_x", "v{n}.{m}", "{n}.0-beta-{m}", "0.{n}.{m}.post4.dev1")
_REQUIREMENTS = (
    "requests>=2,<3",
    "Some_Lib[b,a] (>=1.0)",
    "colorama; sys_platform == 'win32'",
    "pytest<9,>=7; extra == 'test'",
    "exact==1.4.0",
    "same-version==1.4; python_version < '3.9'",
    "wild==2.*",
    "arbitrary===2004d",
    "direct @ https://files.example.com/direct-1.0.zip",
    "both ; extra == 'docs' or extra == 'test'",
    "not a requirement at all >",
    "",
)
_CLASSIFIERS = (
    "Development Status :: 5 - Production/Stable",
    "Programming Language :: Python :: 3 :: Only",
    "Programming Language :: Python :: 3.12",
    "License :: OSI Approved",
    "Typing :: Typed",
    "Private",
)
_LABELS = (
    "Homepage",
    "Source Code",
    "Bug Tracker",
    "Docs",
    "Changelog",
    "Whatever",
    "Sponsor",
    "Release Notes",
    "GitHub",
)
_WHEEL_TAGS = (
    "py3-none-any",
    "py2.py3-none-any",
    "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "1b-cp312-abi3-win32",
)
_TEXTS = (
    None,
    "",
    "UNKNOWN",
    "plain",
    "with 'quotes' and \"more\"",
    "ümläut 漢字 🐍",
    "line one\nline two",
    "=1+1",
    "x; drop table",
)


def version(random: Random, *, plain: bool) -> str:
    """A version: mostly plain, now and then one that PEP 440 does not know."""
    shape = random.choice(_ODD) if random.random() < 0.15 and not plain else random.choice(_SHAPES)
    return shape.format(n=random.randint(0, 12), m=random.randint(0, 20), k=random.randint(0, 9))


def _some(random: Random, choices: tuple[str, ...], most: int = 4) -> list[str]:
    return random.sample(choices, random.randint(0, min(most, len(choices))))


def _requirements(random: Random, others: Sequence[str]) -> list[str]:
    """Requirements of all shapes, some of them of other projects of the index."""
    shapes = ("{}>=0", "{}", "{}; extra == 'test'", "{}; sys_platform == 'win32'")
    known = [
        random.choice(shapes).format(name) for name in random.sample(others, min(len(others), random.randint(0, 2)))
    ]
    return [*_some(random, _REQUIREMENTS, 5), *known]


def metadata(random: Random, others: Sequence[str] = ()) -> Metadata:
    """The metadata of a release's first upload, old and new habits mixed; `others` are projects of the index."""
    urls = {label: f"https://www.example.com/{label.lower().replace(' ', '-')}" for label in _some(random, _LABELS)}
    return Metadata(
        summary=random.choice(_TEXTS),
        description=random.choice(("", "# Title\n\nText.\n", "x" * random.randint(1, 3000))),
        author=random.choice(_TEXTS),
        author_email=random.choice((None, "", "ann@example.org", "Ann <ann@example.org>, bob@example.org")),
        maintainer=random.choice(_TEXTS),
        maintainer_email=random.choice((None, "", "m@example.org")),
        license=random.choice((None, "", "MIT", "UNKNOWN", "A whole licence.\n" * 20)),
        license_expression=random.choice((None, "MIT", "Apache-2.0 OR MIT")),
        license_files=random.choice((None, ["LICENSE"], ["LICENSE", "NOTICE"])),
        keywords=random.choice((None, "", "one", "one two three", "one, two and three")),
        classifiers=sorted(_some(random, _CLASSIFIERS)),
        requires_python=random.choice((None, "", ">=3.9", ">=2.7,!=3.0.*", "~=3.7")),
        requires_dist=_requirements(random, others) or None,
        extras=random.choice((None, ["docs", "test"])),
        project_urls=urls or None,
        home_page=random.choice((None, "", "UNKNOWN", "https://www.example.com/")),
        download_url=random.choice((None, "", "UNKNOWN", "https://www.example.com/get")),
    )


def advisory(random: Random, index: Index) -> Advisory:
    """A new advisory with an identifier of its own."""
    index.advisories += 1
    number = index.advisories
    return Advisory(
        id=f"PYSEC-2024-{number}",
        aliases=random.choice(([], [f"CVE-2024-{number}"], [f"GHSA-{number}", f"CVE-2024-{number}"])),
        details=random.choice(("", "Long *markdown*.", "Text ünd more")),
        summary=random.choice((None, "A flaw")),
        fixed_in=random.choice(([], ["2.0"], ["10.0", "9.0", "10.0"], ["2.0", "2.0rc1"])),
        link=random.choice((None, f"https://vulnerabilities.example.com/PYSEC-2024-{number}")),
    )


def bundle(random: Random) -> Bundle:
    """What a publisher of one of three kinds attests: one or two statements."""
    kind = random.choice(("GitHub", "GitLab", "Google"))
    google = kind == "Google"
    return Bundle(
        kind=kind,
        repository=None if google else f"group/project-{random.randint(1, 9)}",
        workflow=None if google else random.choice(("release.yml", "ci.yml")),
        environment=None if google else random.choice((None, "", "pypi")),
        email="robot@example.org" if google else None,
        statements=random.choice(
            (
                ["https://docs.example.com/publish/v1"],
                ["https://docs.example.com/publish/v1", "https://slsa.dev/provenance/v1"],
            )
        ),
        log_index=random.randint(1, 10**9),
    )


def core_metadata(project: Project, release: Release) -> str:
    """The text of METADATA of the release's files: the same for all of them."""
    told = release.metadata
    single = {
        "Summary": (told.summary or "").replace("\n", " "),
        "Author-email": told.author_email,
        "License-Expression": told.license_expression,
        "Requires-Python": told.requires_python,
    }
    lines = ["Metadata-Version: 2.4", f"Name: {project.name}", f"Version: {release.version}"]
    lines += [f"{header}: {value}" for header, value in single.items() if value]
    lines += [f"Classifier: {value}" for value in told.classifiers]
    lines += [f"Requires-Dist: {value}" for value in told.requires_dist or () if value]
    lines += [f"Provides-Extra: {value}" for value in told.extras or ()]
    lines += [f"Project-URL: {label}, {url}" for label, url in (told.project_urls or {}).items()]
    return "\n".join([*lines, "", told.description])


def _names(random: Random, project: Project, release: Release) -> tuple[str, str, str]:
    """A file's name, packagetype and Python version that the release could have."""
    stem = f"{project.key.replace('-', '_')}-{release.version}"
    kind = random.random()
    try:
        Version(release.version)
    except InvalidVersion:
        kind = 1
    if kind < 0.5:
        tags = random.choice(_WHEEL_TAGS)
        return f"{stem}-{tags}.whl", "bdist_wheel", tags.split("-")[-3]
    if kind < 0.6:
        return f"{stem}-py2.7.egg", "bdist_egg", "2.7"
    if kind < 0.65:
        return f"{stem}.whl", "bdist_wheel", "py3"
    return f"{stem}{random.choice(('.tar.gz', '.zip'))}", "sdist", "source"


def add_file(random: Random, index: Index, project: Project, release: Release) -> DistFile | None:
    """Upload a file to the release; None where chance chose a name that was used before."""
    filename, packagetype, python_version = _names(random, project, release)
    if filename in index.used_filenames or (index.plain and filename.endswith(f"{release.version}.whl")):
        return None
    index.used_filenames.add(filename)
    file = DistFile(
        filename, packagetype, python_version, random.randint(0, 10**7), index.pass_time(random.uniform(1, 10**5))
    )
    file.comment = random.choice((None, "", "first try"))
    if packagetype != "bdist_egg" and random.random() < 0.6:
        file.metadata = core_metadata(project, release)
    if random.random() < 0.3:
        file.bundles = [bundle(random) for _ in range(random.randint(1, 2))]
    release.files.append(file)
    return file


def add_release(random: Random, index: Index, project: Project) -> Release | None:
    """Make a release with up to three files; None where chance chose a version that is there."""
    chosen = version(random, plain=index.plain)
    if chosen in project.releases or any(_same(chosen, other) for other in project.releases):
        return None
    release = Release(chosen, index.pass_time(random.uniform(1, 10**6)), metadata(random, sorted(index.ever)))
    release.requirements_hidden = random.random() < 0.2
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        add_file(random, index, project, release)
    if random.random() < 0.25:
        release.advisories.append(advisory(random, index))
    project.releases[chosen] = release
    return release


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def add_project(random: Random, index: Index, name: str, releases: int) -> Project:
    """Create a project with this number of releases, and an owner."""
    project = Project(name, index.pass_time(1), 0)
    index.projects[project.key] = project
    index.ever.add(project.key)
    for _ in range(releases):
        add_release(random, index, project)
    project.roles = [("Owner", random.choice(USERS))]
    project.organization = random.choice((None, None, "an-organization"))
    index.bump(project, random.randint(1, 5))
    return project
