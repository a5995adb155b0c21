"""Cancellations that can be told by the order's number: a letter before it, where nearly all others have none."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Refusal
from core.quality import said
from core.quality.ask import remember
from core.quality.event_examples import behind
from core.quality.types import Asked, Exclude, Finding, Kind, Param, Repair, Returns, Selection
from core.store import Query

USUAL = 0.8
"""Share of the rows with an order that have the usual letters before its number (mostly none)."""

BACK = 0.9
"""Share of a prefix's rows that are returns, or below zero, for it to mark cancellations."""

LOOKED_AT = 3
"""Characters of an order's number in which letters before it are looked for."""

_BACK = "(event = 'return' OR quantity < 0 OR value < 0)"
_LETTERS = "^[A-Za-z]*"


def detect(asked: Asked) -> list[Finding]:
    """The finding `cancellation`, for each prefix that marks them."""
    counted = _prefixes(asked)
    return [_finding(asked, prefix, counted) for prefix in learned(counted)]


def learned(counted: Mapping[str, tuple[int, int]]) -> list[str]:
    """The prefixes that mark cancellations, of prefix -> (rows with an order, rows that go back), the most rows first.

    >>> learned({"": (532618, 1336), "C": (9288, 9288), "A": (3, 2)})
    ['C']
    """
    total = sum(rows for rows, _ in counted.values())
    if not any(rows >= total * USUAL for rows, _ in counted.values()):
        return []
    marks = [p for p, (rows, back) in counted.items() if p and rows < total * (1 - USUAL) and back >= rows * BACK]
    return sorted(marks, key=lambda prefix: (-counted[prefix][0], prefix))


# ---- the selection


def _choose(asked: Asked, params: Mapping[str, Param]) -> Query:
    given = params["prefix"]
    if given is not None and not str(given).strip():
        raise Refusal("bad_selection", "A prefix has at least one letter.", "Give the letters, as C for C536379.")
    prefixes = learned(_prefixes(asked)) if given is None else [str(given).strip()]
    tests = [_where(prefix) for prefix in prefixes] or [Query("false")]
    found = Query("SELECT event_no FROM events WHERE ") + tests[0]
    for test in tests[1:]:
        found = found + " OR " + test
    return found


def _where(prefix: str) -> Query:
    """Orders that begin with these letters, and no other letter behind them."""
    return Query(
        "(starts_with(order_id, ?) AND NOT regexp_matches(substr(order_id, ?, 1), '[A-Za-z]'))",
        (prefix, len(prefix) + 1),
    )


KINDS: tuple[Kind, ...] = (
    Kind("cancellation", "events", "orders whose number has a letter before it", {"prefix": None}, _choose),
)


# ---- inside


def _prefixes(asked: Asked) -> dict[str, tuple[int, int]]:
    """Letters before the order's number -> rows, and rows that go back."""

    def make() -> dict[str, tuple[int, int]]:
        # Grouped by the first characters first: a pattern is then tried a few hundred times, not for each row.
        query = Query(
            f"SELECT regexp_extract(start, '{_LETTERS}') AS prefix, sum(n)::BIGINT AS n, sum(back)::BIGINT AS back "
            f"FROM (SELECT left(order_id, {LOOKED_AT}) AS start, count(*) AS n, count(*) FILTER ({_BACK}) AS back "
            "FROM events WHERE order_id IS NOT NULL GROUP BY start) GROUP BY prefix ORDER BY prefix"
        )
        rows = asked.reader.rows(query, step=asked.step)
        return {str(row["prefix"]): (int(row["n"]), int(row["back"])) for row in rows}

    return remember(asked, "order prefixes", make)


def _finding(asked: Asked, prefix: str, counted: Mapping[str, tuple[int, int]]) -> Finding:
    selection = Selection.of("cancellation", prefix=prefix)
    stand = behind(asked, _where(prefix), order="value, event_no")
    of = sum(rows for rows, _ in counted.values())
    usual = max(counted, key=lambda p: counted[p][0])
    bought = asked.reader.rows(
        Query("SELECT count(*) AS n FROM events WHERE event = 'purchase' AND ") + _where(prefix), step=asked.step
    )[0]["n"]
    return Finding(
        "cancellation", "serious" if bought else "note",
        f"{said.of_all(stand.count, of, 'rows with an order')} {said.have(stand.count)} {prefix!r} before the order's "
        "number: cancellations.",
        f"{share_said(counted, usual)}; of those with {prefix!r} {said.share(counted[prefix][1], counted[prefix][0])} "
        "are returns or below zero. "
        + (f"{said.number(bought)} of them count as purchases." if bought else "All are loaded as returns already."),
        "events", stand.count, of,
        column="order_id", selection=selection, examples=stand.examples, users=stand.users,
        facts={"prefix": prefix, "purchases": bought, "value": stand.value},
        repairs=(Repair(selection, Returns()), Repair(selection, Exclude())) if bought else (),
    )  # fmt: skip


def share_said(counted: Mapping[str, tuple[int, int]], usual: str) -> str:
    """How usual the usual prefix is, for people."""
    of = sum(rows for rows, _ in counted.values())
    how = f"have {usual!r} before their number" if usual else "have no letter before their number"
    return f"{said.share(counted[usual][0], of)} of the rows with an order {how}"
