"""Rules beside the SQL that an analyst would write for the same question, over tests/bench/feature_shop.py.

Each SELECT counts the members that the rule has there, and is written to be quick: one pass where one is enough.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.segments import (
    All,
    At,
    Between,
    Compare,
    Did,
    EventStep,
    Filter,
    InGroup,
    InSegment,
    Last,
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
# purchases of each user and item that was ever returned: what is left of them
_BACK = (
    "WITH pairs AS (SELECT DISTINCT user_no, item_no FROM events WHERE event = 'return'), back AS ("
    "SELECT user_no, item_no, sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END)) AS kept FROM events "
    "SEMI JOIN pairs USING (user_no, item_no) WHERE event IN ('purchase', 'return') GROUP BY ALL) "
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
        _grouped("count(DISTINCT item_no) >= 3", f"{_BOUGHT} AND {_NOT_BACK}", before=_BACK),
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
        _distinct(f"{_BOUGHT} AND {_IN_CATEGORY} AND {_NOT_BACK}", _BACK),
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
