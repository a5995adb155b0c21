"""The gate for SQL that an analyst wrote: one SELECT, on the workspace's own tables, with harmless functions.

A locked connection is not enough: `WITH x AS (DELETE ...) SELECT` counts as a SELECT, `commit; drop table t` walks
out of a read-only transaction, and read_csv and glob reach every upload in the spool. So the statement's tree is
read, and everything in it that is not on a list here is refused: nodes, tables (with the scope of WITH names),
functions. Store.ask then runs it in a read-only transaction that is rolled back, under a time limit.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from core.errors import Refusal

TABLES = frozenset({"events", "users", "items", "batches"})
"""What analysts may read. Not `rejects` (raw lines of files), `meta`, `jobs`, `segments`, nor DuckDB's own catalog."""

_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_FROM = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST"})
_MODIFIERS = frozenset(
    {"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER", "ORDER_DEFAULT", "ASCENDING"}
    | {"DESCENDING"}
)
_CLASSES = frozenset(
    "STAR COLUMN_REF CONSTANT FUNCTION WINDOW CASE CAST COMPARISON CONJUNCTION BETWEEN OPERATOR SUBQUERY LAMBDA "
    "LAMBDA_REF COLLATE POSITIONAL_REFERENCE TYPE".split()
)
# Left out on purpose: whatever names a file, a table or a setting (getenv, query, read_text, current_setting), has a
# side effect (nextval, setseed), or makes gigabytes from a few letters (repeat, range, lpad, printf, list_resize).
_FUNCTIONS = frozenset(
    (
        "+ - * / // % ** ^ << >> & | ~ || ! @ ~~ !~~ ~~* !~~* ~~~ -> ->> add subtract multiply divide mod "
        # aggregates
        "count count_star sum sum_no_overflow fsum kahan_sum avg mean favg min max arg_min arg_max argmin argmax "
        "min_by max_by any_value first last arbitrary median mode mad quantile quantile_cont quantile_disc "
        "approx_quantile approx_count_distinct stddev stddev_pop stddev_samp variance var_pop var_samp "
        "skewness kurtosis kurtosis_pop corr covar_pop covar_samp "
        "regr_slope regr_intercept regr_r2 regr_count entropy bool_and bool_or "
        "bit_and bit_or bit_xor product string_agg group_concat list "
        "array_agg histogram sem geomean geometric_mean count_if countif "
        # windows
        "row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead first_value last_value nth_value "
        # numbers
        "abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log2 log10 pow power greatest least pi degrees "
        "radians sin cos tan asin acos atan atan2 isnan isinf isfinite nullif coalesce ifnull if fdiv fmod gcd lcm "
        "even width_bucket equi_width_bins hash md5 sha256 random "
        # text
        "lower upper lcase ucase length len strlen char_length trim ltrim rtrim substring substr left right position "
        "strpos instr contains starts_with prefix suffix ends_with replace reverse concat concat_ws split string_split "
        "str_split split_part regexp_matches regexp_full_match regexp_extract regexp_extract_all regexp_replace "
        "regexp_split_to_array like_escape ilike_escape not_like_escape not_ilike_escape strip_accents ascii chr "
        "unicode levenshtein damerau_levenshtein jaccard "
        "jaro_similarity jaro_winkler_similarity hamming translate initcap "
        # dates
        "date_trunc datetrunc date_part datepart date_diff datediff date_sub datesub date_add year month day hour "
        "minute second quarter week dayofweek isodow dow dayofyear doy dayofmonth weekday weekofyear yearweek decade "
        "century era millisecond microsecond epoch epoch_ms "
        "epoch_us epoch_ns last_day dayname monthname strftime strptime "
        "try_strptime make_date make_timestamp time_bucket timezone age to_timestamp to_days to_months to_years "
        "to_hours to_minutes to_seconds to_weeks to_milliseconds to_microseconds to_quarters to_decades to_centuries "
        # lists, structs
        "list_value list_pack struct_pack row struct_extract array_extract list_extract list_element list_slice "
        "array_slice list_contains array_contains list_has list_has_any list_has_all list_position list_distinct "
        "list_unique list_sort list_reverse_sort list_filter list_transform list_reduce list_sum list_avg list_min "
        "list_max list_count list_any_value list_concat list_intersect array_length unnest cardinality map_keys "
        "map_values element_at json_extract json_extract_string json_array_length json_keys json_type error "
    ).split()
) - {"error"}  # `error` would let a query speak to the page in Limelight's name
_MAX_LETTERS = 20_000


def check(cursor: duckdb.DuckDBPyConnection, sql: str, *, most: int | None = _MAX_LETTERS) -> str:
    """The one statement in `sql` without its semicolon, if it may run; otherwise a Refusal.

    Codes: `sql_empty`, `sql_too_long`, `sql_error` (it does not parse), `sql_one_statement`, `sql_not_a_select`,
    `sql_table`, `sql_function`, `sql_not_allowed`.
    """
    if most is not None and len(sql) > most:
        raise Refusal("sql_too_long", f"The query has {len(sql):,} characters.", f"At most {most:,}.")
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise sql_error(error) from None
    if not statements:
        raise Refusal("sql_empty", "There is no query.", "Write one SELECT.")
    if len(statements) > 1:
        raise Refusal("sql_one_statement", f"There are {len(statements)} statements.", "Write one SELECT.")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise Refusal("sql_not_a_select", "Only a SELECT may run here.", "The data can be changed on the page Data.")
    text = statements[0].query
    row: tuple[Any, ...] | None = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", (text,)).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True, "error_message": "no answer"}
    if tree["error"]:
        raise Refusal("sql_not_a_select", f"This cannot run here: {tree['error_message']}", "Write one plain SELECT.")
    for statement in tree["statements"]:
        if statement.get("named_param_map"):
            raise Refusal("sql_not_allowed", "The query has parameter marks (?, $1).", "Write the values in.")
        _walk(statement["node"], frozenset())
    return text


def sql_error(error: duckdb.Error) -> Refusal:
    """DuckDB's complaint about an analyst's query, as a Refusal."""
    return Refusal("sql_error", f"DuckDB says: {str(error).strip()}", "Mend the query and run it again.")


def part_error(error: duckdb.Error) -> Refusal:
    """The same for a query that is part of a larger one: without DuckDB's view of the text around it."""
    said = " ".join(str(error).partition("\n\nLINE ")[0].split())
    return Refusal("sql_error", f"DuckDB says of the SQL: {said.rstrip('.')}.", "Mend the SQL of the condition.")


def _walk(tree: Any, names: frozenset[str]) -> None:
    """Refuse anything unknown in `tree`; `names` are the WITH names that may be read as tables here."""
    if isinstance(tree, list):
        for part in tree:
            _walk(part, names)
    if not isinstance(tree, dict):
        return
    if "cte_map" in tree:
        names = _with(tree["cte_map"]["map"], names)
    if tree.get("type") == "RECURSIVE_CTE_NODE":
        names |= {tree["cte_name"].lower()}
    _node(tree, names)
    for key, part in tree.items():
        if key != "cte_map":
            _walk(part, names)


def _with(entries: list[dict[str, Any]], names: frozenset[str]) -> frozenset[str]:
    # A WITH may read only those before it: one after it would still be a table of the catalog there.
    for entry in entries:
        _walk(entry["value"], names)
        names |= {entry["key"].lower()}
    return names


def _node(tree: dict[str, Any], names: frozenset[str]) -> None:
    kind, of = tree.get("type"), tree.get("class")
    if of is not None:
        if of not in _CLASSES:
            raise _not_allowed(str(of))
        if of in ("FUNCTION", "WINDOW"):
            _function(tree)
    elif kind == "BASE_TABLE":
        _table(tree, names)
    elif isinstance(kind, str) and kind not in _NODES | _FROM | _MODIFIERS | _JOINS:
        raise _not_allowed(kind)


_JOINS = frozenset({"INNER", "LEFT", "RIGHT", "OUTER", "FULL", "SEMI", "ANTI", "SINGLE", "MARK"})


def _table(tree: dict[str, Any], names: frozenset[str]) -> None:
    path = tree["qualified_name"]["path"]
    known = len(path) == 1 and path[0].lower() in names | TABLES
    if not known or tree.get("at_clause"):
        readable = ", ".join(sorted(TABLES))
        raise Refusal(
            "sql_table", f"{'.'.join(path)!r} is not a table that can be read here.", f"There are: {readable}."
        )


def _function(tree: dict[str, Any]) -> None:
    path = tree["qualified_name"]["path"]
    if len(path) != 1 or path[0].lower() not in _FUNCTIONS:
        raise Refusal(
            "sql_function",
            f"The function {'.'.join(path)!r} cannot be used here.",
            "Common functions for numbers, text, dates, lists, aggregates and windows can.",
        )


def _not_allowed(what: str) -> Refusal:
    word = what.lower().replace("_", " ")
    return Refusal("sql_not_allowed", f"This cannot be used here: {word}.", "Write one plain SELECT.")
