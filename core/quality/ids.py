"""Users and items chosen by their raw ids: those that an analyst names, and those that are tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pyarrow as pa

from core.errors import Refusal
from core.quality.ask import remember
from core.quality.given import pattern, people_table, words
from core.quality.per_user import listed, percent
from core.quality.types import KEY, Asked, Exclude, Finding, Kind, Param, Repair, Selection
from core.store import Query, ident, joined

TESTS = (
    "test|tests|tester|testing|testuser|testaccount|testitem|testproduct|qa|dummy|demo|admin|staff|example|fake|mock"
)
"""Words that make an id a test's, parted by |."""
_BESIDE = (
    "user|users|account|customer|person|client|internal|item|product|order|only|do|not|use|a|an|the|my|our|this|is"
)
_SAYING = "^(is_?)?(test|qa|dummy|demo|staff|internal|fake)(_?(user|users|account|customer|item|product))?$"


def detect(asked: Asked) -> list[Finding]:
    """A finding each for users and for items whose id, or what is said of them, calls them a test."""
    found = [_finding(asked, "users"), _finding(asked, "items")]
    return [finding for finding in found if finding]


def _finding(asked: Asked, table: Literal["users", "items"]) -> Finding | None:
    rows = _tests(asked, table, TESTS)
    if not rows:
        return None
    what, key = table[:-1], KEY[table]
    selection = Selection.of("test_id", table=table)
    counts = asked.reader.rows(
        Query(
            f"SELECT (SELECT count(*) FROM {table}) AS n, count(*) AS events, coalesce(sum(value) FILTER (event IN "
            f"('purchase', 'return')), 0)::DOUBLE AS money FROM events WHERE {key} IN "
            "(SELECT unnest(CAST(? AS BIGINT[])))",
            (listed(row["k"] for row in rows),),
        ),
        step=asked.step,
    )[0]
    count, of = len(rows), int(counts["n"])
    return Finding(
        "test_id",
        "serious",
        f"{count:,} of {of:,} {table} ({percent(count, of)}) are called tests by their id; they have "
        f"{counts['events']:,} events.",
        f"Their id has one of these as a word of its own ({TESTS.replace('|', ', ')}; not as part of another word, as "
        "in contest), or an attribute consists of such words alone.",
        table,
        count,
        of,
        column=f"{what}_id",
        selection=selection,
        examples=tuple({what: row["id"], "why": row["why"], "events": row["events"]} for row in rows[:8]),
        facts={"events": counts["events"], "revenue": round(counts["money"], 2)},
        repairs=(Repair(selection, Exclude()),),
        users=count if table == "users" else None,
    )


def _tests(asked: Asked, table: Literal["users", "items"], tests: str) -> list[dict[str, Any]]:
    """Rows k (number), id, why, events of tests, those with the most events first; asked once for the same words."""
    return remember(asked, f"tests {table} {tests}", lambda: _find_tests(asked, table, tests))


def _find_tests(asked: Asked, table: Literal["users", "items"], tests: str) -> list[dict[str, Any]]:
    readable = asked.reader.rows(Query("SELECT TRY(regexp_matches('', p)) AS ok FROM (SELECT ? AS p)", (tests,)))
    if readable[0]["ok"] is None:
        raise Refusal("bad_selection", f"The pattern {tests!r} cannot be read.", "It may be as simple as test|qa|demo.")
    key, name = KEY[table], f"{table[:-1]}_id"
    # A word ends where letters end, or where a small letter meets a capital (testUser): spaces are put there.
    apart = f"lower(regexp_replace({name}, '(\\p{{Ll}})(\\p{{Lu}})', '\\1 \\2', 'g'))"
    word, whole = f"(^|[^\\p{{L}}])({tests})([^\\p{{L}}]|$)", f"^[^\\p{{L}}]*(({tests}|{_BESIDE})[^\\p{{L}}]*)+$"
    reasons = [Query(f"CASE WHEN regexp_matches({apart}, ?) THEN 'its id' END", (word,))]
    for column, kind in asked.columns.get(table, {}).items():
        role = asked.roles.get((table, column))
        if kind == "VARCHAR" and role in ("attribute", "title", "category"):
            # "Dummy" may be the name of a film; "dummy item" is none
            more = f"(^|[^\\p{{L}}])({_BESIDE})([^\\p{{L}}]|$)" if role == "title" else word
            says = f"regexp_matches(lower({ident(column)}), ?)"
            reasons.append(
                Query(f"CASE WHEN {says} AND {says} AND {says} THEN ? END", (word, whole, more, f"its {column}"))
            )
        elif kind == "BOOLEAN" and role == "attribute":
            reasons.append(
                Query(f"CASE WHEN {ident(column)} AND regexp_matches(?, ?) THEN ? END",
                      (column.lower(), _SAYING, f"its {column}"))
            )  # fmt: skip
    query = Query(f"WITH told AS (SELECT {key} AS k, {name} AS id, concat_ws(', ', ") + joined(", ", reasons)
    query += (
        f") AS why FROM {table}), found AS (FROM told WHERE why <> ''), counted AS (SELECT {key} AS k, count(*) AS n "
        f"FROM events WHERE {key} IN (SELECT k FROM found) GROUP BY {key}) SELECT k::BIGINT AS k, id, "
        "why || ' says so' AS why, coalesce(n, 0) AS events FROM found LEFT JOIN counted USING (k) "
        "ORDER BY events DESC, id"
    )
    return asked.reader.rows(query, step=asked.step)


def _choose_tests(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    rows = _tests(asked, people_table(params), pattern(params, "pattern"))
    return pa.array([row["k"] for row in rows], pa.int64())


def _choose_named(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    """The numbers of the ids named. Raises Refusal `no_such_id` with the closest ids where one is not known."""
    table, wanted = people_table(params), words(params, "ids")
    key, name = KEY[table], f"{table[:-1]}_id"
    marks = ", ".join("?" * len(wanted))
    rows = asked.reader.rows(
        Query(f"SELECT {key} AS k, {name} AS id FROM {table} WHERE {name} IN ({marks})", wanted), step=asked.step
    )
    known = {row["id"] for row in rows}
    unknown = [each for each in wanted if each not in known]
    if unknown:
        close = asked.reader.rows(
            Query(
                f"SELECT {name} AS id FROM {table} ORDER BY jaro_winkler_similarity(lower({name}), lower(?)) DESC, "
                f"{name} LIMIT 3",
                (unknown[0],),
            ),
            step=asked.step,
        )
        more = f", nor {len(unknown) - 1:,} of the others" if len(unknown) > 1 else ""
        nearest = ", ".join(str(row["id"]) for row in close)
        raise Refusal(
            "no_such_id",
            f"No {table[:-1]} has the id {unknown[0]!r}{more}.",
            f"Closest: {nearest}." if nearest else f"There are no {table}.",
        )
    return pa.array([row["k"] for row in rows], pa.int64())


KINDS: tuple[Kind, ...] = (
    Kind("ids", None, "named users or items", {"table": None, "ids": None}, _choose_named),
    Kind("test_id", None, "users or items that are tests", {"table": "users", "pattern": TESTS}, _choose_tests),
)
"""ids: `table` users or items; `ids` raw ids. test_id: `table`; `pattern` words of an id, parted by | (a regular
expression, lower case); a yes in a column called is_test, internal and the like counts whatever the pattern."""
