"""RFM scores as SQL: one row a buyer, scores cut at value boundaries so that equal customers get equal scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from core.segments.grid import Grid
from core.segments.measures import orders_of
from core.segments.rule import Rfm, RfmSettings
from core.segments.worth import fitting
from core.store import Query, joined

# Recency is ceil((as_of - last order) / 1 day): the least N for which the order lies in the window "last N days".
_DAY = 86_400_000_000
_MEDIANS = (
    "count(*) AS users, median(recency::DOUBLE) AS recency, median(frequency::DOUBLE) AS frequency, "
    "median(monetary::DOUBLE) AS monetary, sum(monetary) AS revenue, NULL::DOUBLE AS lowest, NULL::DOUBLE AS highest"
)
_QUINTILES = RfmSettings()


def days_before(at: str) -> str:
    """Whole days from `at` (SQL of a time) to as_of, its one parameter: the least N for which it is in "last N days".

    >>> print(days_before("e.at_utc"))
    ((epoch_us(?) - epoch_us(e.at_utc) + 86399999999) // 86400000000)::INTEGER
    """
    return f"((epoch_us(?) - epoch_us({at}) + {_DAY - 1}) // {_DAY})::INTEGER"


def base(as_of: datetime) -> Query:
    """One row a buyer: user_no, recency (days, from 1), frequency (orders), monetary (net value, NULL = no values).

    Buyers are users with at least one dated purchase before `as_of`.
    """
    before = "(e.at_utc < ? OR e.at_utc IS NULL)"
    placed = Query(f"FROM events e WHERE e.user_no IS NOT NULL AND e.event = 'purchase' AND {before}", (as_of,))
    return (
        Query(
            f"SELECT s.user_no, {days_before('s.last')} AS recency, "
            "o.amount::INTEGER AS frequency, s.monetary FROM ("
            "SELECT e.user_no, max(e.at_utc) FILTER (e.event = 'purchase') AS last, sum(e.value) AS monetary "
            f"FROM events e WHERE e.user_no IS NOT NULL AND e.event IN ('purchase', 'return') AND {before} "
            "GROUP BY e.user_no HAVING last IS NOT NULL) s JOIN (",
            (as_of, as_of),
        )
        + orders_of(placed)
        + ") o USING (user_no)"
    )


def scored(as_of: datetime, settings: RfmSettings = _QUINTILES) -> Query:
    """`base` with scores r, f, m from 1 to `settings.scores`, the highest = best, and `orders_score`.

    r and f are the two scores that a cell goes by. f is frequency's, or with `with_frequency` the mean of frequency's
    and money's, halves up (frequency's where m is NULL); frequency's own score is always `orders_score`. m is NULL
    where monetary is, and throughout where money is not scored.

    By quantiles: for each of the four quintiles (three quartiles, two thirds) the cut is the boundary between two
    values that lies nearest to it, the lower of two equally near; a value's score is 1 + the cuts below it. Where all
    buyers have the same value it is the middle score. By own cuts: 1 + the cuts that the value is above, of recency
    `scores` less the cuts that it is above.
    """
    plans: list[tuple[str, str, str, tuple[float, ...]]] = [
        ("r", "-b.recency", "-recency", tuple(-cut for cut in settings.recency)),
        ("orders_score", "b.frequency", "frequency", settings.frequency),
        ("m", "b.monetary", "monetary", settings.money),
    ]
    money = settings.monetary != "none"
    plans = plans if money else plans[:2]
    learned = [(score, plain) for score, _, plain, own in plans if not own]
    query = Query("WITH base AS MATERIALIZED (") + base(as_of) + ")"
    query += "".join(f", {_cut(plain, score, settings.scores)}" for score, plain in learned)
    scores = joined(", ", [_score(score, value, own, settings.scores) for score, value, _, own in plans])
    inner = Query("SELECT b.*, ") + scores + ("" if money else ", NULL::INTEGER AS m")
    inner += " FROM base b" + "".join(f", cut_{score}" for score, _ in learned)
    both = "coalesce((orders_score + m + 1) // 2, orders_score)" if _together(settings) else "orders_score"
    return query + " SELECT *, " + both + "::INTEGER AS f FROM (" + inner + ")"


def grouped(as_of: datetime, grid: Grid, settings: RfmSettings = _QUINTILES) -> Query:
    """Buyers by cell, by segment and by score: of (cell, segment, r, f, m), key, users and what is known of each.

    Cells and segments have medians (recency, frequency, monetary) and revenue, scores the lowest and highest value;
    f is frequency's own score here, whatever the grid goes by. Raises BadRule where the grid does not fit the settings.
    """
    grid = fitting(grid, settings)
    groups = [Query(f"SELECT 'cell' AS of, (r * 10 + f)::VARCHAR AS key, {_MEDIANS} FROM s GROUP BY r, f")]
    cases = "".join(f" WHEN {cell} THEN ?" for cell in grid.all_cells())
    groups.append(
        Query(f"SELECT 'segment', CASE r * 10 + f{cases} END AS key, {_MEDIANS} FROM s GROUP BY 2", grid.names)
    )
    groups += [
        Query(
            f"SELECT '{of}', {score}::VARCHAR, count(*), NULL, NULL, NULL, NULL, min({value})::DOUBLE, "
            f"max({value})::DOUBLE FROM s WHERE {score} IS NOT NULL GROUP BY {score}"
        )
        for of, score, value in (("r", "r", "recency"), ("f", "orders_score", "frequency"), ("m", "m", "monetary"))
    ]
    return Query("WITH s AS MATERIALIZED (") + scored(as_of, settings) + ") " + joined(" UNION ALL ", groups)


def rfm_condition(rule: Rfm, as_of: datetime) -> Query:
    """The condition on users `u` that they are buyers in one of the rule's cells; never NULL."""
    cells = ", ".join(rule.cells())  # two digits each, checked by the rule; "" is impossible
    # money is worked out only where the cells depend on it
    settings = rule.settings if _together(rule.settings) else replace(rule.settings, monetary="none")
    scores = scored(as_of, settings)
    return Query("u.user_no IN (SELECT s.user_no FROM (") + scores + f") s WHERE s.r * 10 + s.f IN ({cells}))"


def _together(settings: RfmSettings) -> bool:
    return settings.monetary == "with_frequency"


def _cut(value: str, score: str, scores: int) -> str:
    """A one-row table `cut_X(c1, ...)`: the highest value below each cut; NULLs where there is no boundary."""
    nearest = ", ".join(
        f"arg_min(value, (abs(upto * {scores} - {q} * total), upto)) FILTER (upto < total) AS c{q}"
        for q in range(1, scores)
    )
    return (
        f"cut_{score} AS (SELECT {nearest} FROM (SELECT {value} AS value, "
        f"sum(count(*)) OVER (ORDER BY {value}) AS upto, sum(count(*)) OVER () AS total "
        f"FROM base WHERE {value} IS NOT NULL GROUP BY {value}))"
    )


def _score(score: str, value: str, own: Sequence[float], scores: int) -> Query:
    """The score of `value` as a column: by own cuts, else by those of `cut_X`."""
    if own:
        # a day or an order on the cut is not past it; of recency, which counts down, it is
        above = ">=" if score == "r" else ">"
        steps = " + ".join(f"({value} {above} ?)::INTEGER" for _ in own)
        sql = f"CASE WHEN {value} IS NOT NULL THEN 1 + {steps} END AS {score}"
        return Query(sql, tuple(Decimal(str(cut)) for cut in own))
    steps = " + ".join(f"({value} > cut_{score}.c{q})::INTEGER" for q in range(1, scores))
    return Query(f"CASE WHEN {value} IS NOT NULL THEN coalesce(1 + {steps}, {(scores + 2) // 2}) END AS {score}")
