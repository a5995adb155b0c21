"""RFM scores as SQL: one row a buyer, scores cut at value boundaries so that equal customers get equal scores."""

from __future__ import annotations

from datetime import datetime

from core.segments.grid import CELLS, Grid
from core.segments.measures import ORDERS
from core.segments.rule import Rfm
from core.store import Query, joined

# Recency is ceil((as_of - last order) / 1 day): the least N for which the order lies in the window "last N days".
_DAY = 86_400_000_000
_MEDIANS = (
    "count(*) AS users, median(recency::DOUBLE) AS recency, median(frequency::DOUBLE) AS frequency, "
    "median(monetary::DOUBLE) AS monetary, sum(monetary) AS revenue, NULL::DOUBLE AS lowest, NULL::DOUBLE AS highest"
)


def base(as_of: datetime) -> Query:
    """One row a buyer: user_no, recency (days, from 1), frequency (orders), monetary (net value, NULL = no values).

    Buyers are users with at least one dated purchase before `as_of`.
    """
    before = "(e.at_utc < ? OR e.at_utc IS NULL)"
    return Query(
        f"SELECT s.user_no, ((epoch_us(?) - epoch_us(s.last) + {_DAY - 1}) // {_DAY})::INTEGER AS recency, "
        "o.orders::INTEGER AS frequency, s.monetary FROM ("
        "SELECT e.user_no, max(e.at_utc) FILTER (e.event = 'purchase') AS last, sum(e.value) AS monetary FROM events e "
        f"WHERE e.user_no IS NOT NULL AND e.event IN ('purchase', 'return') AND {before} "
        "GROUP BY e.user_no HAVING last IS NOT NULL) s JOIN ("
        f"SELECT e.user_no, {ORDERS} AS orders FROM events e WHERE e.event = 'purchase' AND {before} "
        "GROUP BY e.user_no) o USING (user_no)",
        (as_of, as_of, as_of),
    )


def scored(as_of: datetime) -> Query:
    """`base` with scores r, f, m from 1 to 5, 5 = best (most recent, most orders, most money).

    For each of the four quintiles the cut is the boundary between two values that lies nearest to it, the lower of
    two equally near; a value's score is 1 + the cuts below it. Where all buyers have the same value the score is
    3; m is NULL where monetary is.
    """
    cuts = [_cut("-recency", "r"), _cut("frequency", "f"), _cut("monetary", "m")]
    return (
        Query("WITH base AS MATERIALIZED (")
        + base(as_of)
        + "), "
        + ", ".join(cuts)
        + " SELECT b.*, "
        + ", ".join(
            _score(value, score) for value, score in (("-b.recency", "r"), ("b.frequency", "f"), ("b.monetary", "m"))
        )
        + " FROM base b, cut_r, cut_f, cut_m"
    )


def grouped(as_of: datetime, grid: Grid) -> Query:
    """Buyers by cell, by segment and by score: of (cell, segment, r, f, m), key, users and what is known of each.

    Cells and segments have medians (recency, frequency, monetary) and revenue, scores the lowest and highest value.
    """
    groups = [Query(f"SELECT 'cell' AS of, (r * 10 + f)::VARCHAR AS key, {_MEDIANS} FROM s GROUP BY r, f")]
    cases = "".join(f" WHEN {cell} THEN ?" for cell in CELLS)
    groups.append(
        Query(f"SELECT 'segment', CASE r * 10 + f{cases} END AS key, {_MEDIANS} FROM s GROUP BY 2", grid.names)
    )
    groups += [
        Query(
            f"SELECT '{score}', {score}::VARCHAR, count(*), NULL, NULL, NULL, NULL, min({value})::DOUBLE, "
            f"max({value})::DOUBLE FROM s WHERE {score} IS NOT NULL GROUP BY {score}"
        )
        for score, value in (("r", "recency"), ("f", "frequency"), ("m", "monetary"))
    ]
    return Query("WITH s AS MATERIALIZED (") + scored(as_of) + ") " + joined(" UNION ALL ", groups)


def rfm_condition(rule: Rfm, as_of: datetime) -> Query:
    """The condition on users `u` that they are buyers in one of the rule's cells; never NULL."""
    cells = ", ".join(rule.cells())  # two digits each, checked by the rule; "" is impossible
    return Query("u.user_no IN (SELECT s.user_no FROM (") + scored(as_of) + f") s WHERE s.r * 10 + s.f IN ({cells}))"


def _cut(value: str, score: str) -> str:
    """A one-row table `cut_X(c1..c4)`: the highest value below each cut; NULLs where there is no boundary."""
    nearest = ", ".join(
        f"arg_min(value, (abs(upto * 5 - {q} * total), upto)) FILTER (upto < total) AS c{q}" for q in range(1, 5)
    )
    return (
        f"cut_{score} AS (SELECT {nearest} FROM (SELECT {value} AS value, "
        f"sum(count(*)) OVER (ORDER BY {value}) AS upto, sum(count(*)) OVER () AS total "
        f"FROM base WHERE {value} IS NOT NULL GROUP BY {value}))"
    )


def _score(value: str, score: str) -> str:
    steps = " + ".join(f"({value} > cut_{score}.c{q})::INTEGER" for q in range(1, 5))
    return f"CASE WHEN {value} IS NOT NULL THEN coalesce(1 + {steps}, 3) END AS {score}"
