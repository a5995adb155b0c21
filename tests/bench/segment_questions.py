"""Rules beside the SQL that an analyst would write for the same question, over tests/bench/feature_shop.py.

Each SELECT counts the members that the rule has there, and is written to be quick: one pass where one is enough.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.segments import (
    Abc,
    All,
    At,
    Beside,
    Between,
    Compare,
    Did,
    EventStep,
    Filter,
    InGroup,
    InSegment,
    Last,
    Loyalty,
    LoyaltySettings,
    Moment,
    Not,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rfm,
    Rule,
    Sample,
    Span,
    Sql,
    Stopped,
    Test,
    Top,
)

AS_OF = datetime(2024, 12, 31)


def _ago(days: int) -> str:
    return f"TIMESTAMP '{AS_OF - timedelta(days=days)}'"


_BOUGHT = "event = 'purchase'"
_CATEGORY = (Filter("item", "category", Test("is", ("category 7",))),)
_IN_CATEGORY = "item_no IN (SELECT item_no FROM items WHERE category = 'category 7')"
_MAIL = (Filter("event", "channel", Test("is", ("mail",))),)
_NOT_BACK = (
    "NOT EXISTS (SELECT 1 FROM back WHERE back.user_no = e.user_no AND back.item_no = e.item_no AND back.kept <= 0)"
)


def _back(where: str = "true") -> str:
    """Purchases of each user and item that was ever returned: what is left of them."""
    return (
        f"WITH pairs AS (SELECT DISTINCT user_no, item_no FROM events WHERE event = 'return' AND {where}), back AS ("
        "SELECT user_no, item_no, sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END)) AS kept "
        "FROM events SEMI JOIN pairs USING (user_no, item_no) WHERE event IN ('purchase', 'return') GROUP BY ALL) "
    )


def _grouped(having: str, where: str = _BOUGHT, *, before: str = "", select: str = "SELECT count(*) AS n FROM") -> str:
    return f"{before}{select} (SELECT user_no FROM events e WHERE {where} GROUP BY user_no HAVING {having})"


def _distinct(where: str, before: str = "") -> str:
    return f"{before}SELECT count(DISTINCT user_no) AS n FROM events e WHERE {where}"


def _n(measure: str, op: str = "at_least", n: float = 3, event: str = "purchase", **more: object) -> Did:
    return Did(event, measure, Compare(op, n), **more)  # type: ignore[arg-type]


_NET = "event IN ('purchase', 'return')"
_ORDERS = "count(DISTINCT order_id)"  # every purchase here has one
_RFM = f"""WITH b AS (SELECT user_no, date_diff('day', max(at_utc) FILTER ({_BOUGHT}), TIMESTAMP '{AS_OF}') AS r,
    count(DISTINCT order_id) FILTER ({_BOUGHT}) AS f, sum(value) AS m FROM events WHERE {_NET} GROUP BY user_no
    HAVING r IS NOT NULL),
    c AS (SELECT quantile_disc(-r, [.2, .4, .6, .8]) AS r, quantile_disc(f, [.2, .4, .6, .8]) AS f,
    quantile_disc(m, [.2, .4, .6, .8]) AS m FROM b)
    SELECT count(*) AS n FROM b, c WHERE (-b.r > c.r[4]) AND (b.f > c.f[4]) AND b.m IS NOT NULL"""

_ABC = f"""WITH m AS (SELECT user_no, sum(value) AS v FROM events WHERE {_NET} GROUP BY user_no),
    s AS (SELECT v, sum(sum(v)) OVER (ORDER BY v DESC) - sum(v) AS above, sum(sum(v)) OVER () AS total, count(*) AS n
    FROM m WHERE v > 0 GROUP BY v) SELECT sum(n)::BIGINT AS n FROM s WHERE above < 0.8 * total"""
# days on which users ordered, and the next such day: every order here is of one line
_DAYS = f"""d AS MATERIALIZED (SELECT *, lead(day) OVER w AS later, sum(n) OVER w AS upto FROM (SELECT user_no,
    at_utc::DATE AS day, count(DISTINCT order_id) AS n, max(at_utc) AS latest FROM events WHERE {_BOUGHT} GROUP BY 1, 2)
    WINDOW w AS (PARTITION BY user_no ORDER BY day))"""
# the life table of pauses; by when 80 % and 95 % of those that end are over; from which order on 80 % come again
_LEARNED = f"""WITH {_DAYS}, p AS (SELECT (coalesce(later, '2024-12-31') - day)::INTEGER AS days, count(later) AS ended,
    count(*) AS n FROM d GROUP BY 1), r AS (SELECT *, sum(n) OVER (ORDER BY days DESC) AS risk FROM p),
    k AS (SELECT days, 1 - exp(sum(ln(1 - ended / risk)) OVER (ORDER BY days)) AS over_by FROM r
    WHERE ended > 0 AND risk >= 30 AND ended < risk), t AS MATERIALIZED (
    SELECT min(days) FILTER (over_by >= 0.8 * top) AS slip, min(days) FILTER (over_by >= 0.95 * top) AS lost
    FROM k, (SELECT max(over_by) AS top FROM k)), l AS (SELECT coalesce(min(i), 3) AS loyal FROM (
    SELECT i FROM d, t, (SELECT unnest(range(2, 11)) AS i) WHERE upto - n < i AND i <= upto AND DATE '2024-12-31' - day
    > slip GROUP BY i HAVING count(*) >= 30 AND count_if(later - day <= slip) >= 0.8 * count(*)))"""
_STAGES = """SELECT count(*) AS n FROM (SELECT sum(n) AS orders, max(latest) AS last, max(day) AS one,
    max(day, 2)[2] AS two FROM d GROUP BY user_no), {limits} WHERE
    (epoch_us(TIMESTAMP '2024-12-31') - epoch_us(last) + 86399999999) // 86400000000 <= slip
    AND orders >= loyal AND coalesce(one - two < lost, true)"""

PAIRS: dict[str, tuple[Rule, str]] = {
    "an attribute": (Prop("country", Test("is", ("DE",))), "SELECT count(*) AS n FROM users WHERE country = 'DE'"),
    "did": (Did("purchase"), _distinct(_BOUGHT)),
    "did not": (
        Not(Did("purchase")),
        f"SELECT count(*) AS n FROM users ANTI JOIN (SELECT user_no FROM events WHERE {_BOUGHT}) USING (user_no)",
    ),
    "events": (_n("events"), _grouped("count(*) >= 3")),
    "events at most": (
        _n("events", "at_most"),
        f"SELECT count(*) AS n FROM users ANTI JOIN (SELECT user_no FROM events WHERE {_BOUGHT} GROUP BY user_no "
        "HAVING count(*) > 3) USING (user_no)",
    ),
    "events of any kind": (_n("events", n=20, event="*"), _grouped("count(*) >= 20", "event <> 'impression'")),
    "orders": (_n("orders"), _grouped(f"{_ORDERS} >= 3")),
    "distinct items": (
        _n("items"),
        _grouped("count(DISTINCT item_no) >= 3", f"{_BOUGHT} AND {_NOT_BACK}", before=_back()),
    ),
    "days": (_n("days"), _grouped("count(DISTINCT at_utc::DATE) >= 3")),
    "quantity": (_n("quantity", n=5), _grouped("sum(quantity) >= 5", _NET)),
    "value": (_n("value", n=200), _grouped("sum(value) >= 200", _NET)),
    "mean quantity": (_n("mean_quantity", n=2), _grouped("avg(quantity) >= 2")),
    "order value": (
        _n("order_value", n=50),
        _grouped(f"sum(value) / nullif(count(DISTINCT order_id) FILTER ({_BOUGHT}), 0) >= 50", _NET),
    ),
    "a filter on the event": (_n("events", where=_MAIL), _grouped("count(*) >= 3", f"{_BOUGHT} AND channel = 'mail'")),
    "a filter on the item": (
        Did("purchase", where=_CATEGORY),
        _distinct(f"{_BOUGHT} AND {_IN_CATEGORY} AND {_NOT_BACK}", _back(_IN_CATEGORY)),
    ),
    "views of a category": (
        _n("events", n=2, event="view", where=_CATEGORY),
        _grouped("count(*) >= 2", f"event = 'view' AND {_IN_CATEGORY}"),
    ),
    "the last 90 days": (
        _n("value", n=50, window=Last(90)),
        _grouped("sum(value) >= 50", f"{_NET} AND at_utc >= {_ago(90)}"),
    ),
    "a month": (
        Did("purchase", window=Between(date(2024, 5, 1), date(2024, 6, 1))),
        _distinct(f"{_BOUGHT} AND at_utc >= '2024-05-01' AND at_utc < '2024-06-01'"),
    ),
    "one after another": (
        Order(EventStep("view"), EventStep("purchase"), Span(7)),
        "SELECT count(DISTINCT b.user_no) AS n FROM (SELECT user_no, at_utc FROM events WHERE event = 'purchase') b "
        "ASOF JOIN (SELECT user_no, at_utc FROM events WHERE event = 'view') a "
        "ON a.user_no = b.user_no AND b.at_utc > a.at_utc WHERE b.at_utc - a.at_utc <= INTERVAL 7 DAYS",
    ),
    "one after another, of one item": (
        Order(EventStep("view"), EventStep("purchase"), Span(7), same_item=True),
        "SELECT count(DISTINCT b.user_no) AS n FROM (FROM events WHERE event = 'purchase') b "
        "JOIN (FROM events WHERE event = 'view') a ON a.user_no = b.user_no AND a.item_no = b.item_no "
        "AND b.at_utc > a.at_utc AND b.at_utc - a.at_utc <= INTERVAL 7 DAYS",
    ),
    "one after another, ever": (
        Order(EventStep("view"), EventStep("purchase")),
        "SELECT count(*) AS n FROM (SELECT user_no FROM events WHERE event IN ('view', 'purchase') GROUP BY user_no "
        "HAVING min(at_utc) FILTER (event = 'view') < max(at_utc) FILTER (event = 'purchase'))",
    ),
    "one and not another": (
        Order(EventStep("view"), EventStep("purchase"), absent=True),
        "SELECT count(*) AS n FROM (SELECT user_no FROM events WHERE event IN ('view', 'purchase') GROUP BY user_no "
        "HAVING max(at_utc) FILTER (event = 'view') >= "
        "coalesce(max(at_utc) FILTER (event = 'purchase'), '0001-01-01'))",
    ),
    "one and not another within 7 days": (
        Order(EventStep("view"), EventStep("purchase"), Span(7), absent=True),
        f"SELECT count(DISTINCT a.user_no) AS n FROM (FROM events WHERE event = 'view' AND at_utc <= {_ago(7)}) a "
        "ASOF LEFT JOIN (FROM events WHERE event = 'purchase') b ON a.user_no = b.user_no AND b.at_utc > a.at_utc "
        "WHERE b.at_utc IS NULL OR b.at_utc - a.at_utc > INTERVAL 7 DAYS",
    ),
    "one and not another, of one item": (
        Order(EventStep("view"), EventStep("purchase"), Span(7), same_item=True, absent=True),
        f"SELECT count(DISTINCT a.user_no) AS n FROM (FROM events WHERE event = 'view' AND at_utc <= {_ago(7)}) a "
        "ANTI JOIN (FROM events WHERE event = 'purchase') b ON a.user_no = b.user_no AND a.item_no = b.item_no "
        "AND b.at_utc > a.at_utc AND b.at_utc <= a.at_utc + INTERVAL 7 DAYS",
    ),
    "after their first purchase": (
        _n("events", event="view", window=Beside("after", EventStep("purchase"), "first", Span(30))),
        "WITH f AS (SELECT user_no, min(at_utc) AS bought FROM events WHERE event = 'purchase' GROUP BY user_no) "
        "SELECT count(*) AS n FROM (SELECT e.user_no FROM events e JOIN f USING (user_no) WHERE event = 'view' "
        "AND at_utc > bought AND at_utc <= bought + INTERVAL 30 DAYS GROUP BY e.user_no HAVING count(*) >= 3)",
    ),
    "the first time": (Moment("first", "purchase", Last(30)), _grouped(f"min(at_utc) >= {_ago(30)}")),
    "the last time": (
        Moment("last", "purchase", Between(date(2024, 5, 1), date(2024, 6, 1))),
        _grouped("max(at_utc) >= '2024-05-01' AND max(at_utc) < '2024-06-01'"),
    ),
    "regularly": (
        Regularly("view", 4, 12),
        _grouped(
            f"count(DISTINCT (epoch_us(TIMESTAMP '{AS_OF}') - 1 - epoch_us(at_utc)) // 604800000000) >= 4",
            f"event = 'view' AND at_utc >= {_ago(84)}",
        ),
    ),
    "stopped": (
        Stopped("purchase", Span(60), Span(120), 2),
        _grouped(f"max(at_utc) < {_ago(60)} AND count(*) >= 2", f"{_BOUGHT} AND at_utc >= {_ago(180)}"),
    ),
    "resumed": (
        Resumed("purchase", Span(90), Span(30)),
        "SELECT count(DISTINCT user_no) AS n FROM (SELECT user_no, at_utc, lag(at_utc) OVER (PARTITION BY user_no "
        f"ORDER BY at_utc) AS earlier FROM events WHERE {_BOUGHT}) WHERE at_utc >= {_ago(30)} "
        "AND at_utc - earlier >= INTERVAL 90 DAYS",
    ),
    "the top 10 % by value": (
        Top("value", 0.1),
        f"WITH m AS (SELECT user_no, sum(value) AS v FROM events WHERE {_NET} GROUP BY user_no) "
        "SELECT count(*) AS n FROM m WHERE v >= (SELECT quantile_disc(v, 0.9) FROM m)",
    ),
    "the top 10 % by orders": (
        Top("orders", 0.1),
        f"WITH m AS (SELECT user_no, {_ORDERS} AS v FROM events WHERE {_BOUGHT} GROUP BY user_no) "
        "SELECT count(*) AS n FROM m WHERE v >= (SELECT quantile_disc(v, 0.9) FROM m)",
    ),
    "class A": (Abc(("A",)), _ABC),
    "loyal, by own limits": (
        Loyalty(("loyal",), LoyaltySettings(90, 180, 3, 90)),
        f"WITH {_DAYS} " + _STAGES.format(limits="(SELECT 90 AS slip, 180 AS lost, 3 AS loyal)"),
    ),
    "loyal, by learned limits": (Loyalty(("loyal",)), f"{_LEARNED} {_STAGES.format(limits='t, l')}"),
    "RFM": (Rfm(("55",)), _RFM),
    "a random share": (
        Sample(0.1, "autumn"),
        "SELECT count(*) AS n FROM users WHERE md5_number_upper('autumn:' || user_id) < 1844674407370955161",
    ),
    "a saved segment": (InSegment("many"), _grouped("count(*) >= 5")),
    "a kept group": (
        InGroup("kept", (1, 2)),
        "SELECT count(*) AS n FROM users WHERE user_id IN "
        "(SELECT user_id FROM grouping_members WHERE name = 'kept' AND part IN (1, 2))",
    ),
    "as of another day": (
        At(datetime(2024, 7, 1), _n("events")),
        _grouped("count(*) >= 3", f"{_BOUGHT} AND at_utc < '2024-07-01'"),
    ),
    "own SQL": (
        Sql("select user_no from events where event = 'cart' group by user_no having count(*) > 2"),
        _grouped("count(*) > 2", "event = 'cart'"),
    ),
    "three together": (
        All((_n("value", n=100), Not(Did("return", window=Last(60))), Prop("country", Test("is", ("DE", "FR"))))),
        f"SELECT count(*) AS n FROM users SEMI JOIN (SELECT user_no FROM events WHERE {_NET} GROUP BY user_no HAVING "
        "sum(value) >= 100) USING (user_no) ANTI JOIN (SELECT user_no FROM events WHERE event = 'return' AND "
        f"at_utc >= {_ago(60)}) USING (user_no) WHERE country IN ('DE', 'FR')",
    ),
}  # fmt: skip

ALIKE = frozenset({"RFM", "the top 10 % by orders", "the top 10 % by value"})
"""Questions whose plain SQL cuts ties as it comes: about as many members, not the same."""
