"""Whether missing values stand together: then values hidden at random are easier to fill than those really missing."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from core.quality.ask import one
from core.quality.fill_column import NAMES_GROUPS, NAMES_ROWS, Column, column_of, source
from core.quality.types import Asked, Scope
from core.store import Query

TOGETHER = 0.1
"""The least strength that is worth saying."""
_LEVELS = 1_000


@dataclass(frozen=True)
class Cluster:
    """Missing values depend on another column.

    Attributes:
        by: the column; of events also "day", "item", "user".
        strength: 0 = missing alike everywhere, 1 = each value of `by` is all missing or never (Cramer's V, less what
            chance alone gives).
    """

    by: str
    strength: float


def clusters(asked: Asked, scope: Scope, column: Column) -> tuple[Cluster, ...]:
    """What missing values go with, the strongest first; () where none is missing or they are spread evenly.

    One question for each category of the table (up to 1,000 different values), and of events for day, item and user.
    """
    ways = {} if scope != "events" else {"day": "CAST(t.at_utc AS DATE)", "item": "t.item_no", "user": "t.user_no"}
    left_out = {column.name} | (NAMES_ROWS if scope != "events" else NAMES_GROUPS)
    for name, kind in asked.columns[scope].items():
        if kind in ("VARCHAR", "BOOLEAN") and name not in left_out:
            ways[name] = column_of(asked, scope, name).sql
    found = []
    for by, sql in ways.items():
        few = by in ("day", "item", "user")
        strength = _strength(asked, scope, column, sql, None if few else _LEVELS)
        if strength >= TOGETHER:
            found.append(Cluster(by, strength))
    return tuple(sorted(found, key=lambda c: (-c.strength, c.by)))


def _strength(asked: Asked, scope: Scope, column: Column, by: str, limit: int | None) -> float:
    row = one(asked, Query(
        f"WITH g AS (SELECT {by} AS g, count(*) AS n, count(*) - count({column.sql}) AS m "
        f"FROM {source(scope, [column])} GROUP BY ALL) "
        "SELECT count(*) AS groups, sum(n)::BIGINT AS n, sum(m)::BIGINT AS m, sum(m::DOUBLE * m / n) AS squares FROM g"
    ))  # fmt: skip
    groups, n, m = row["groups"], row["n"] or 0, row["m"] or 0
    if groups < 2 or not 0 < m < n or (limit is not None and groups > limit):
        return 0.0
    share = m / n
    chi2 = (row["squares"] - m * share) / (share * (1 - share))
    if chi2 - (groups - 1) < 4 * sqrt(2 * (groups - 1)):  # no more than chance may give
        return 0.0
    return sqrt(min((chi2 - (groups - 1)) / (n - groups + 1), 1.0))
