"""How many rows of a table a run added, changed and removed."""

from msgspec import Struct

from source_pypi.destinations.tables import Table
from source_pypi.schema import SEEN_AT

#: Columns that may differ although nothing that a row describes has changed: the time of the visit, and the serials,
#: which move with any change of the project.
INCIDENTAL = frozenset({SEEN_AT.name, "serial", "last_serial"})


class RowChanges(Struct, frozen=True):
    """How the rows of a table changed.

    :ivar added: rows whose key the table did not have.
    :ivar changed: rows of which a column other than those in ``INCIDENTAL`` differs.
    :ivar removed: rows whose key the table has no more.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: "RowChanges") -> "RowChanges":
        """The sums."""
        return RowChanges(self.added + other.added, self.changed + other.changed, self.removed + other.removed)


def compared_columns(table: Table) -> list[str]:
    """The columns that tell whether a row with the same key has changed."""
    return [name for name in table.names() if name not in (table.key or ()) and name not in INCIDENTAL]


def changes_of(old: int, new: int, added: int, changed: int) -> RowChanges:
    """The changes, from the number of rows before and after.

    :param added: new rows without an old row of the same key.
    :param changed: new rows that differ from the old row of the same key.
    """
    return RowChanges(added, changed, old - (new - added))
