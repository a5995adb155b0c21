"""Stages of loyalty as SQL: buyers by how long ago they ordered, against the pauses that the data themselves show.

docs/segments.md says how thresholds are learned, and why so. Days are UTC. Orders placed on one day are no pause.
"""

from __future__ import annotations

from datetime import datetime

from core.segments.conditions import Setting, marks
from core.segments.parts import joined_path
from core.segments.rfm_sql import days_before
from core.segments.rule import Loyalty, LoyaltySettings
from core.store import Query

FEWEST = 30
"""Pauses between orders below which nothing is learned, and customers below which a share is not read off."""

SLIPPING, LOST, LOYAL = 0.8, 0.95, 0.8
"""Of pauses that end: the shares over by when a customer counts as slipping, as lost; and of customers who order again
in time, the share from which they count as loyal."""

USUAL = LoyaltySettings(slipping_after=90, lost_after=180, loyal_orders=3, new_within=90)
"""What holds where nothing can be learned: ours, not a standard."""

_MOST_ORDERS, _LONGEST = 10, 100_000


def loyalty_condition(rule: Loyalty, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they are in one of the rule's stages; never NULL. Raises BadRule."""
    as_of = setting.end(joined_path(path, "loyalty"), "loyalty")
    parts = Query(f") s WHERE s.part IN ({marks(rule.stages)}))", rule.stages)
    return Query("u.user_no IN (SELECT s.user_no FROM (") + staged(rule.settings, as_of) + parts


def staged(settings: LoyaltySettings, as_of: datetime) -> Query:
    """Two columns, `user_no` and `part` (a stage), of users with a dated order before `as_of`; each once.

    The first that holds: lost (more than lost_after days since the last order), slipping (more than slipping_after),
    returned (the pause before the last order was lost_after days or longer), loyal (loyal_orders or more), new (first
    order within new_within days), active.
    """
    return _buyers(settings, as_of) + " SELECT user_no, part FROM staged"


def staged_figures(settings: LoyaltySettings, as_of: datetime) -> Query:
    """`staged` with what it goes by: `recency` and `age` (days since the last and the first order), and `orders`."""
    return _buyers(settings, as_of) + " SELECT user_no, part, recency, age, orders FROM staged"


def thresholds(settings: LoyaltySettings, as_of: datetime) -> Query:
    """One row: slipping_after, lost_after, loyal_orders, new_within as they hold; and what they were learned from.

    `pauses` = pauses between orders that ended, `open` = that have not, `enough` = whether lengths could be learned,
    `reached` = whether some number of orders had customers enough, and 80 % of them ordered again in time.
    """
    return _learned(settings, as_of, known=True) + " SELECT * FROM limits"


def pauses(as_of: datetime) -> Query:
    """How many pauses between orders lasted so many days: `days` from 1, `ended`, `open` (of those still going on)."""
    ended = 'count_if(nextday IS NOT NULL) AS ended, count_if(nextday IS NULL) AS "open"'
    return _days(as_of) + Query(f" SELECT {_LENGTH} AS days, {ended} FROM days GROUP BY 1 ORDER BY 1", (as_of,))


def summed(settings: LoyaltySettings, as_of: datetime) -> Query:
    """One row a stage that has users: part, users, medians of recency (days) and orders, and revenue (net value)."""
    money = (
        "SELECT e.user_no, sum(e.value) AS value FROM events e WHERE e.user_no IS NOT NULL "
        "AND e.event IN ('purchase', 'return') AND (e.at_utc < ? OR e.at_utc IS NULL) GROUP BY e.user_no"
    )
    return (
        _buyers(settings, as_of)
        + " SELECT part, count(*) AS users, median(recency::DOUBLE) AS recency, median(orders::DOUBLE) AS orders, "
        "sum(value) AS revenue FROM staged JOIN (" + Query(money, (as_of,)) + ") USING (user_no) GROUP BY part"
    )


# ---- in order: orders -> days (one row a user and day) -> limits (one row) -> buyers (one row a user) -> staged

# Of a pause in days: until the next day with an order, or so far.
_LENGTH = "(coalesce(nextday, ?::DATE) - day)::INTEGER"


def _orders(as_of: datetime) -> Query:
    """WITH perday: one row a user and day on which they placed orders; an order's time is that of its first line."""
    return Query(
        "WITH perday AS MATERIALIZED (SELECT user_no, placed::DATE AS day, count(*) AS n, "
        "min(placed) AS began, max(placed) AS latest "
        "FROM (SELECT e.user_no, min(e.at_utc) AS placed FROM events e WHERE e.event = 'purchase' "
        "AND e.user_no IS NOT NULL AND e.at_utc < ? "
        "GROUP BY e.user_no, e.order_id, CASE WHEN e.order_id IS NULL THEN e.at_utc::DATE END) GROUP BY user_no, day)",
        (as_of,),
    )


def _days(as_of: datetime) -> Query:
    """`_orders` and days: perday with upto = orders until the end of the day, and the next day with one."""
    return _orders(as_of) + (
        ", days AS MATERIALIZED (SELECT user_no, day, n, sum(n) OVER w AS upto, lead(day) OVER w AS nextday "
        "FROM perday WINDOW w AS (PARTITION BY user_no ORDER BY day))"
    )


def _learned(settings: LoyaltySettings, as_of: datetime, *, known: bool = False) -> Query:
    """`_orders` and limits; what is set by hand is not learned, unless `known` asks what could be learned from."""
    own = (settings.slipping_after, settings.lost_after, settings.loyal_orders, settings.new_within)
    if not known and None not in (own[0], own[1], own[2]):
        return _orders(as_of) + ", limits AS (SELECT " + _limits(settings, "NULL", "NULL", "NULL", "true") + ")"
    lengths = Query(
        f", lengths AS (SELECT {_LENGTH} AS days, count_if(nextday IS NOT NULL) AS ended, count(*) AS n "
        "FROM days GROUP BY 1), "
        # Kaplan and Meier: of the pauses that reached so many days, the share that ended on that day
        "falling AS (SELECT days, ended, sum(n) OVER (ORDER BY days DESC) AS there FROM lengths), "
        "over_by AS (SELECT days, 1 - exp(sum(ln(greatest(1 - ended / there, 1e-12))) OVER (ORDER BY days)) AS share "
        f"FROM falling WHERE ended > 0 AND there >= {FEWEST}), "
        "whole AS (SELECT (SELECT coalesce(sum(ended), 0) FROM lengths) AS pauses, "
        '(SELECT coalesce(sum(n - ended), 0) FROM lengths) AS "open", (SELECT max(share) FROM over_by) AS most), '
        'ends AS (SELECT any_value(pauses) AS pauses, any_value("open") AS "open", '
        f"any_value(pauses) >= {FEWEST} AS enough, "
        f"min(days) FILTER (share >= {SLIPPING} * most - 1e-9) AS slipping, "
        f"min(days) FILTER (share >= {LOST} * most - 1e-9) AS lost FROM whole LEFT JOIN over_by ON true)",
        (as_of,),
    )
    spans = Query(", spans AS (SELECT * FROM ends, (SELECT ") + _spans(settings) + " FROM ends))"
    again = Query(
        ", again AS (SELECT k, count(*) AS there, count_if(nextday - day <= slipping_after) AS came FROM days, spans, "
        f"(SELECT unnest(range(2, {_MOST_ORDERS + 1})) AS k) WHERE upto - n < k AND k <= upto "
        "AND ?::DATE - day > slipping_after GROUP BY k), "
        f"loyal AS (SELECT min(k) AS loyal FROM again WHERE there >= {FEWEST} AND came >= {LOYAL} * there)",
        (as_of,),
    )
    limits = _limits(settings, "slipping_after", "lost_after", "CASE WHEN enough THEN loyal END", "false")
    return _days(as_of) + lengths + spans + again + ", limits AS (SELECT " + limits + " FROM spans, loyal)"


def _spans(settings: LoyaltySettings) -> Query:
    """slipping_after and lost_after: by hand, else learned, else as usual, and always slipping before lost."""
    slipping, lost = settings.slipping_after, settings.lost_after
    learned_s = f"CASE WHEN enough THEN slipping ELSE {USUAL.slipping_after} END"
    learned_l = f"CASE WHEN enough THEN lost ELSE {USUAL.lost_after} END"
    if lost is not None:
        first: Query = _own(slipping) if slipping else Query(f"least({learned_s}, ? - 1)", (lost,))
        return first + " AS slipping_after, " + _own(lost) + " AS lost_after"
    first = _own(slipping) if slipping else Query(f"least({learned_s}, {_LONGEST - 1})")
    second = Query(f"least(greatest({learned_l}, ") + first + f" + 1), {_LONGEST})"
    return first + " AS slipping_after, " + second + " AS lost_after"


def _limits(settings: LoyaltySettings, slipping: str, lost: str, loyal: str, own: str) -> Query:
    """The columns of limits."""
    first = _own(settings.slipping_after) if own == "true" else Query(slipping)
    second = _own(settings.lost_after) if own == "true" else Query(lost)
    third = _own(settings.loyal_orders) if settings.loyal_orders else Query(f"coalesce({loyal}, {USUAL.loyal_orders})")
    new = _own(settings.new_within) if settings.new_within else first
    query = first + " AS slipping_after, " + second + " AS lost_after, " + third + " AS loyal_orders, " + new
    query += " AS new_within"
    return query if own == "true" else query + f', pauses, "open", enough, ({loyal}) IS NOT NULL AS reached'


def _own(value: int | None) -> Query:
    return Query("?::INTEGER", (value,))


def _buyers(settings: LoyaltySettings, as_of: datetime) -> Query:
    """`_learned` and staged(user_no, recency, age, orders, part)."""
    return _learned(settings, as_of) + Query(
        ", buyers AS (SELECT user_no, sum(n)::INTEGER AS orders, max(latest) AS last, min(began) AS first, "
        "(max(day) - max(day, 2)[2])::INTEGER AS pause FROM perday GROUP BY user_no), "
        "staged AS (SELECT user_no, orders, recency, age, CASE WHEN recency > lost_after THEN 'lost' "
        "WHEN recency > slipping_after THEN 'slipping' WHEN pause >= lost_after THEN 'returned' "
        "WHEN orders >= loyal_orders THEN 'loyal' WHEN age <= new_within THEN 'new' ELSE 'active' END AS part "
        f"FROM (SELECT *, {days_before('last')} AS recency, {days_before('first')} AS age FROM buyers), limits)",
        (as_of, as_of),
    )
