"""The projects of the index: everything about one follows from its number, the seed and the day. Nothing is stored.

750,000 projects have about 8 million versions and 16 million files, distributed as on the public index: a few projects
have most releases; most releases have one wheel and one source distribution, or a source distribution only; the last
releases of a few projects have wheels for many platforms. Names have 13 characters on average.

Days
    On day 0, the index has all projects. On each later day, some of them get a release (``Changes``): the journal has
    an event for each new release and one for each file, until it has the events of a day of the public index.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: Projects, changed projects and events of the public index in a day (index-api.md 15); others are in proportion.
PROJECTS, CHANGED, EVENTS = 750_000, 15_000, 21_500
#: The serial of the first project, and the steps between projects and between events.
FIRST_SERIAL, STEP = 1_000_000, 50
_SYLLABLES = ("py", "data", "lib", "core", "net", "auto", "ml", "io", "api", "kit", "x", "tools", "zen", "flow", "ia")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONGEST = 5
#: Spreads numbers over the names, so that neighbours in the alphabet have nothing in common.
_SPREAD, _SPACE = 7_919_173, len(_LETTERS) ** _LONGEST
_BACK = pow(_SPREAD, -1, _SPACE)
_BEGINNING = datetime(2012, 1, 1, tzinfo=UTC)
#: Releases that have wheels for many platforms, in a project that has such wheels at all; and these wheels.
_LAST_NATIVE, _NATIVE_WHEELS = 12, 13


def name_of(number: int) -> str:
    """Return the normalised name of a project."""
    spread, letters = number * _SPREAD % _SPACE, ""
    for _ in range(_LONGEST):
        spread, letter = divmod(spread, len(_LETTERS))
        letters += _LETTERS[letter]
    count = len(_SYLLABLES)
    return f"{_SYLLABLES[number % count]}-{_SYLLABLES[number // count % count]}-{letters}"


def number_of(name: str) -> int | None:
    """Return the number of the project with a name; None: no project is called so."""
    letters = name.rpartition("-")[2]
    if len(letters) != _LONGEST or not all("a" <= letter <= "z" for letter in letters):
        return None
    spread = sum(_LETTERS.index(letter) * len(_LETTERS) ** place for place, letter in enumerate(letters))
    number = spread * _BACK % _SPACE
    return number if name_of(number) == name else None


@dataclass(frozen=True, slots=True)
class Release:
    """A release: its version, when it was uploaded, and how many wheels it has beside its source distribution."""

    version: str
    uploaded: datetime
    wheels: int


def releases_of(number: int, added: int = 0) -> list[Release]:
    """Return the releases of a project, oldest first.

    :param added: how many it has got since day 0.
    """
    chance = random.Random(number)
    count = min(1500, int(3.08 * (1 - chance.random()) ** -0.75))
    born = _BEGINNING + timedelta(seconds=int(chance.random() ** 0.5 * 4.4e8))
    pace = timedelta(days=(5 + 40 * chance.random()) * count**-0.5)
    is_native = chance.random() < 0.036
    count += added
    return [
        Release(
            f"{index // 50}.{index // 5 % 10}.{index % 5 + 1}",
            born + pace * index,
            _NATIVE_WHEELS if is_native and index >= count - _LAST_NATIVE else 0 if index % 4 == 3 else 1,
        )
        for index in range(count)
    ]


class Changes:
    """Which projects of an index have got releases, and when.

    :param projects: how many projects the index has.
    """

    def __init__(self, projects: int) -> None:
        self.projects, self.day = projects, 0
        #: The releases that a project has got, and its serial, if it has got one.
        self.added: dict[int, int] = {}
        self.serials: dict[int, int] = {}
        #: The events, as number of the project and serial, oldest first.
        self.events: list[tuple[int, int]] = []

    @property
    def last_serial(self) -> int:
        """The serial of the index."""
        return self.events[-1][1] if self.events else FIRST_SERIAL + self.projects * STEP

    def serial_of(self, number: int) -> int:
        """Return the serial of a project."""
        return self.serials.get(number) or FIRST_SERIAL + number * STEP

    def next_day(self) -> None:
        """Give releases to the share of the projects that gets them in a day."""
        self.day += 1
        chance = random.Random(f"day {self.day}")
        changed = chance.sample(range(self.projects), max(1, self.projects * CHANGED // PROJECTS))
        again = chance.choices(changed, k=len(changed) * EVENTS // CHANGED - len(changed))
        serial = self.last_serial
        for number in changed:
            self.added[number] = self.added.get(number, 0) + 1
        for number in [*changed, *again]:
            serial += 1
            self.serials[number] = serial
            self.events.append((number, serial))
