"""The tables that views read."""

from source_pypi.destinations.tables import RUN_TABLES, Column, Table, table_of
from source_pypi.schema import BOOLEAN, INTEGER, TEXT, TEXTS
from source_pypi.streams import STREAMS

_PINS = Table(
    "pins",
    (
        Column("position", INTEGER),
        *(Column(name, TEXT) for name in ("project", "specifier", "pinned_version")),
        Column("extras", TEXTS),
        *(Column(name, TEXT) for name in ("marker", "file")),
        Column("line", INTEGER),
        *(Column(name, TEXT) for name in ("named_index", "version", "sort_key", "not_read")),
    ),
    "a pin",
)
_PIN_CLAUSES = Table(
    "pin_clauses",
    (
        Column("position", INTEGER),
        Column("clause", INTEGER),
        *(Column(name, TEXT) for name in ("project", "operator", "clause_version", "lower_sort_key", "upper_sort_key")),
        Column("excluded", BOOLEAN),
    ),
    "a clause",
)
_LICENSES = Table(
    "licenses",
    (
        *(Column(name, TEXT) for name in ("project", "version", "expression", "expression_source")),
        *(Column(name, TEXT) for name in ("license_expression", "license")),
        Column("classifiers", TEXTS),
    ),
    "a licence",
)
_BY_NAME = {table.name: table for table in (_PINS, _PIN_CLAUSES, _LICENSES, *RUN_TABLES, *map(table_of, STREAMS))}
if "fixed_in_sort_keys" not in _BY_NAME["vulnerabilities"].names():
    _OLD = _BY_NAME["vulnerabilities"]
    _BY_NAME["vulnerabilities"] = Table(_OLD.name, (*_OLD.columns, Column("fixed_in_sort_keys", TEXTS)), _OLD.row)
TABLES = tuple(_BY_NAME.values())
