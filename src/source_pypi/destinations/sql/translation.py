"""Views in the SQL of PostgreSQL and SQLite: translated by sqlglot, which dlt brings, where it knows the difference.

What it does not know
    Lists are JSON there, so ``UNNEST`` becomes a function that lists the values of a JSON array; among the selected
    columns, it becomes a join with these values first. Sort keys are compared by their bytes: PostgreSQL's default
    collation may order them otherwise. Seconds between two times do not depend on the time zone of the session.
"""

from collections.abc import Callable
from typing import Literal

from sqlglot import ErrorLevel, exp, parse_one

ViewDialect = Literal["postgres", "sqlite"]
#: How the names of columns end that are compared by their bytes.
_SORT_KEY = "sort_key"
_UNNESTED = {
    "postgres": "jsonb_array_elements_text(CASE WHEN jsonb_typeof({0}) = 'array' THEN {0} END)",
    "sqlite": "json_each({0})",
}
_SPLIT = {
    "postgres": "unnest(string_to_array({0}, {1}))",
    "sqlite": (
        """json_each('["' || replace(substr(json_quote({0}), 2, length(json_quote({0})) - 2), {1}, '","') || '"]')"""
    ),
}
#: The value of one list at the position at which another one has a value.
_AT_POSITION = {
    "postgres": (
        "(SELECT l.v FROM jsonb_array_elements_text({0}) WITH ORDINALITY AS l(v, n) "
        "JOIN jsonb_array_elements_text({1}) WITH ORDINALITY AS k(v, n) ON k.n = l.n WHERE k.v = {2} LIMIT 1)"
    ),
    "sqlite": (
        "(SELECT l.value FROM json_each({0}) AS l JOIN json_each({1}) AS k ON k.key = l.key "
        "WHERE k.value = {2} LIMIT 1)"
    ),
}
_SECONDS = {
    "postgres": "CAST(FLOOR(EXTRACT(EPOCH FROM {0})) AS BIGINT)",
    "sqlite": "CAST(strftime('%s', {0}) AS INTEGER)",
}


def translated(sql: str, dialect: ViewDialect, schema: str, existing: Callable[[str], bool]) -> str:
    """Return a SELECT of DuckDB's dialect in another dialect.

    :param schema: the schema of the tables.
    :param existing: whether a name is that of a table or view in that schema; others are names inside the SELECT.
    :raises sqlglot.errors.SqlglotError: when it has no equivalent in that dialect.
    """
    tree = parse_one(sql, read="duckdb")
    _qualify(tree, schema, existing)
    for unnested in list(tree.find_all(exp.Explode)):
        _join_values(unnested)
    for join in list(tree.find_all(exp.Join)):
        if isinstance(join.this, exp.Unnest):
            _list_values(tree, join, dialect)
    for kind in (exp.DateDiff, exp.IntDiv, exp.Bracket, exp.GroupConcat, exp.BitwiseOrAgg):
        for node in list(tree.find_all(kind)):
            node.replace(_replacement(node, dialect))
    if dialect == "postgres":
        _compare_by_bytes(tree)
    # SQLite takes a name in quotes that it does not know for a text
    quoted = dialect == "postgres"
    return str(tree.sql(dialect=dialect, identify=quoted, comments=False, unsupported_level=ErrorLevel.RAISE))


def _qualify(tree: exp.Expression, schema: str, existing: Callable[[str], bool]) -> None:
    """Write the schema before the names of tables and views."""
    inside = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.name not in inside and existing(table.name):
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("db", exp.to_identifier(schema, quoted=True))


def _join_values(unnested: exp.Explode) -> None:
    """Make ``unnest(list) AS name`` among the selected columns a join: ``CROSS JOIN UNNEST(list) AS name (name)``."""
    select, named = unnested.parent_select, unnested.parent
    assert isinstance(select, exp.Select)
    assert isinstance(named, exp.Alias)
    values = exp.Unnest(expressions=[unnested.this], alias=_table_alias(named.alias))
    select.append("joins", exp.Join(this=values, kind="CROSS"))
    unnested.replace(exp.column(named.alias, table=named.alias))


def _table_alias(name: str) -> exp.TableAlias:
    """The alias of a table with one column, which has the same name."""
    return exp.TableAlias(this=exp.to_identifier(name), columns=[exp.to_identifier(name)])


def _list_values(tree: exp.Expression, join: exp.Join, dialect: ViewDialect) -> None:
    """Make a join with the values of a list one with those of a JSON array, or of a text that is split."""
    unnest = join.this
    (values,), alias = unnest.expressions, unnest.args["alias"]
    (column,) = alias.columns
    if isinstance(values, exp.Split):
        call = _filled(_SPLIT[dialect], dialect, values.this, values.expression)
    else:
        call = _filled(_UNNESTED[dialect], dialect, values)
    if dialect == "postgres":
        join.set("this", exp.Lateral(this=call, alias=alias.copy()))
        return
    join.set("this", exp.Table(this=call, alias=exp.TableAlias(this=alias.this.copy())))
    for one in tree.find_all(exp.Column):
        if one.table == alias.name and one.name == column.name:
            one.set("this", exp.to_identifier("value"))


def _replacement(node: exp.Expression, dialect: ViewDialect) -> exp.Expression:
    """A node in another dialect, where sqlglot's own translation does not do."""
    if isinstance(node, exp.DateDiff):
        end, start = (_filled(_SECONDS[dialect], dialect, one) for one in (node.this, node.expression))
        return exp.Paren(this=exp.Sub(this=end, expression=start))
    if isinstance(node, exp.IntDiv):
        return exp.Div(this=node.this, expression=node.expression, typed=True)
    if isinstance(node, exp.Bracket) and isinstance(node.expressions[0], exp.Anonymous):
        return _filled(_AT_POSITION[dialect], dialect, node.this, *node.expressions[0].expressions)
    if isinstance(node, exp.GroupConcat) and dialect == "sqlite" and isinstance(node.this, exp.Order):
        return exp.GroupConcat(this=node.this.this, separator=node.args["separator"])  # ordered from SQLite 3.44 on
    if isinstance(node, exp.BitwiseOrAgg) and dialect == "sqlite":  # of values that have one bit each
        return exp.Sum(this=exp.Distinct(expressions=[node.this]))
    return node


def _compare_by_bytes(tree: exp.Expression) -> None:
    """Compare sort keys by their bytes, whatever the collation of the database is."""
    for column in list(tree.find_all(exp.Column)):
        if not column.name.endswith(_SORT_KEY):
            continue
        compared = exp.Collate(this=column.copy(), expression=exp.to_identifier("C", quoted=True))
        is_output = isinstance(column.parent, exp.Select) and column.arg_key == "expressions"
        column.replace(exp.alias_(compared, column.name) if is_output else exp.Paren(this=compared))


def _filled(template: str, dialect: ViewDialect, *values: exp.Expression) -> exp.Expression:
    """An expression of a dialect, with other ones in the places of ``{0}``, ``{1}`` and so on."""
    names = [f"place_{number}" for number in range(len(values))]
    tree = parse_one(template.format(*names), read=dialect)
    places = [column for column in tree.find_all(exp.Column) if column.name in names]
    for column in places:
        column.replace(values[names.index(column.name)].copy())
    return tree
