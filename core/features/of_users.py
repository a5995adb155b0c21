"""The features of users, by the pass over the data that makes them. `world.events` says what the columns mean."""

from __future__ import annotations

from core.features.names import distinct
from core.features.scan import NO_TIMES, Measure, Scan, count_if, feature, lack, ratio, sum_if, windows
from core.features.shares import clock_measures, context_measures, mix_measures, trend_measure
from core.features.world import DAY, World

_NONE = "They have no events but impressions."
_TRADE = "kind IN (6, 7)"


def user_scans(world: World) -> list[Scan]:
    """Every scan of users; which measures are wanted is chosen later, by family."""
    return [_events(world), _days(world), _sessions(world), _orders(world), _pairs(world), _categories(world)]


def _events(world: World) -> Scan:
    times = "" if world.timed else NO_TIMES
    found = [
        Measure(
            feature(
                "tenure_days",
                "tenure",
                "days",
                "Days from their first event, impressions left out, to as_of.",
                _NONE,
            ),
            f"max(age) FILTER (act) / {DAY}.0",
            lacks=times,
        )
    ]
    for name, kind, word in (("event", 0, ""), ("view", 3, "view"), ("cart", 5, "cart"), ("purchase", 6, "purchase")):
        what = f"last {name}" if word else "last event, impressions left out,"
        missing = f"They have no {word} before as_of." if word else _NONE
        made = feature(f"days_since_{name}", "recency", "days", f"Days from their {what} to as_of.", missing)
        condition = f"kind = {kind}" if word else "act"
        found.append(
            Measure(
                made,
                f"min(age) FILTER ({condition}) / {DAY}.0",
                lacks=times or (lack(world, word) if word else ""),
            )
        )
    for end, inside, words, lacks in windows(world):
        for name, condition, what, word in (
            ("events", "act", "Events of any kind but impressions", ""),
            ("views", "kind = 3", "Views", "view"),
            ("carts", "kind = 5", "Times that something was put into the cart", "cart"),
        ):
            made = feature(f"{name}_{end}", "frequency", "events", f"{what} {words}.")
            sql = count_if(f"{condition} AND {inside}")
            found.append(Measure(made, sql, zero=True, lacks=lacks or (lack(world, word) if word else "")))
        money = feature(
            f"revenue_{end}",
            "value",
            "money",
            f"Value of purchases less returns {words}, in the currency of the file; 0 for who bought nothing.",
        )
        sql = f"coalesce(sum(value) FILTER ({_TRADE} AND {inside}), 0)::DOUBLE"
        found.append(Measure(money, sql, zero=True, lacks=lacks or _no_money(world)))
    returned = feature(
        "share_returned",
        "value",
        "share",
        "Value of returns as a share of the value of purchases, up to as_of; above 1 where more was returned than the "
        "data saw bought.",
        "They bought nothing, or for nothing.",
    )
    back = "-coalesce(sum(value) FILTER (kind = 7), 0)"
    found.append(
        Measure(returned, ratio(back, "sum(value) FILTER (kind = 6)"), lacks=_no_money(world) or lack(world, "return"))
    )
    found += clock_measures(world)
    found.append(trend_measure(world, "events", "Events", "act"))
    for name, part, whole, what in (
        ("clicks_per_impression", 4, 1, "Clicks per impression"),
        ("opens_per_impression", 2, 1, "Opened messages per impression"),
    ):
        word = {4: "click", 2: "open"}[part]
        made = feature(name, "rates", "ratio", f"{what}, up to as_of.", "They have no impression.")
        sql = ratio(count_if(f"kind = {part}"), count_if(f"kind = {whole}"))
        found.append(Measure(made, sql, lacks=lack(world, word, "impression")))
    return Scan("user_no", "FROM e", (*found, *mix_measures(world), *context_measures(world)))


def _days(world: World) -> Scan:
    """Rows: a user's days (UTC) with an event, each with the days since the one before."""
    found = [
        Measure(
            feature(
                f"active_days_{end}", "frequency", "days", f"Days (UTC) with an event other than an impression {words}."
            ),
            count_if(f"{inside}"),
            zero=True,
            lacks=lacks or ("" if world.timed else NO_TIMES),
        )
        for end, inside, words, lacks in windows(world)
    ]
    found += _gaps(world, "active", "days with an event", "days (UTC) with an event other than an impression")
    rows = "SELECT user_no, day, min(w) AS w FROM e WHERE act AND user_no IS NOT NULL GROUP BY user_no, day"
    return Scan("user_no", f"FROM (SELECT *, {_since('day')}::DOUBLE AS gap FROM ({rows}))", tuple(found))


def _sessions(world: World) -> Scan:
    lacking = "" if world.known["session"] else "No event names a session."
    found = tuple(
        Measure(
            feature(f"sessions_{end}", "frequency", "sessions", f"Distinct sessions with any event {words}."),
            count_if(f"{inside}"),
            zero=True,
            lacks=lacking or lacks,
        )
        for end, inside, words, lacks in windows(world)
    )
    rows = "SELECT user_no, min(w) AS w FROM e WHERE session IS NOT NULL AND user_no IS NOT NULL"
    return Scan("user_no", f"FROM ({rows} GROUP BY user_no, hash(session))", found)


def _orders(world: World) -> Scan:
    """Rows: a user's orders, each with its value and the days since the one before. An order's time is its first row's.

    As in core.behaviour: an order is a user's order number, or where there is none all that was bought on one day.
    """
    lacking = lack(world, "purchase")
    found: list[Measure] = []
    for end, inside, words, lacks in windows(world):
        orders = feature(
            f"orders_{end}",
            "frequency",
            "orders",
            f"Orders {words}: distinct order numbers, or where there is none the days (UTC) with a purchase.",
        )
        found.append(Measure(orders, count_if(f"{inside}"), zero=True, lacks=lacking or lacks))
        mean = feature(
            f"order_value_{end}",
            "value",
            "money",
            f"Mean value of an order {words}, before returns, in the currency of the file.",
            f"They have no order with a value {words}.",
        )
        # exact sums: an average of floating numbers hangs on the order in which threads bring them
        sql = ratio(f"sum(worth) FILTER ({inside})", f"count(worth) FILTER ({inside})")
        found.append(Measure(mean, sql, lacks=lacking or lacks or _no_money(world)))
    found += _gaps(world, "order", "orders", "orders", lacking)
    overdue = feature(
        "overdue_ratio",
        "rhythm",
        "ratio",
        "Days since the last order divided by the mean days between orders (at least one: orders of one sitting are no "
        "pace): 1 = due now, above 1 = later than usual.",
        "They have fewer than two orders.",
    )
    found.append(
        Measure(
            overdue,
            f"(min(age) / {DAY}.0) / CASE WHEN avg(gap) IS NOT NULL THEN greatest(avg(gap), 1) END",
            lacks=lacking or ("" if world.timed else NO_TIMES),
        )
    )
    found.append(trend_measure(world, "orders", "Orders", "true", lacking))
    rows = (
        "SELECT user_no, max(age) AS age, min(w) AS w, sum(value) AS worth "
        "FROM e WHERE kind = 6 AND user_no IS NOT NULL GROUP BY user_no, purchase"
    )
    gap = f"(lag(age) OVER (PARTITION BY user_no ORDER BY age DESC) - age) / {DAY}.0 AS gap"
    half = f"CASE WHEN age <= {30 * DAY} THEN 1 WHEN age <= {60 * DAY} THEN 2 END AS half"
    return Scan("user_no", f"FROM (SELECT *, {half}, {gap} FROM ({rows}))", tuple(found))


def _gaps(world: World, name: str, short: str, what: str, lacking: str = "") -> list[Measure]:
    lacks = lacking or ("" if world.timed else NO_TIMES)
    two, three = f"They have fewer than two {short}.", f"They have fewer than three {short}."
    return [
        Measure(
            feature(f"{name}_gap_mean", "rhythm", "days", f"Mean days between one of their {what} and the next.", two),
            "avg(gap)",
            lacks=lacks,
        ),
        Measure(
            feature(
                f"{name}_gap_spread",
                "rhythm",
                "days",
                f"Standard deviation (of a sample) of the days between one of their {what} and the next.",
                three,
            ),
            "stddev_samp(gap)",
            lacks=lacks,
        ),
        Measure(
            feature(
                f"{name}_gap_regularity",
                "rhythm",
                "0 to 1",
                f"1 / (1 + spread / mean) of the days between their {what}: 1 = like a clock, 0.5 = by chance.",
                three + " Or all of them at the same moment.",
            ),
            "1 / (1 + stddev_samp(gap) / nullif(avg(gap), 0))",
            lacks=lacks,
        ),
    ]


def _pairs(world: World) -> Scan:
    """Rows: the items that a user touched."""
    found: list[Measure] = []
    for end, inside, words, lacks in windows(world):
        touched = feature(
            f"items_{end}", "breadth", "items", f"Distinct items of their events, impressions left out, {words}."
        )
        found.append(Measure(touched, count_if(f"touched AND {inside}"), zero=True, lacks=lacks))
    bought = feature("items_bought_all", "breadth", "items", "Distinct items that they bought, up to as_of.")
    found.append(Measure(bought, count_if("bought"), zero=True, lacks=lack(world, "purchase")))
    for name, part, whole, needs, what in (
        ("view_to_cart", "carted", "viewed", ("view", "cart"), "put into the cart too"),
        ("view_to_purchase", "bought", "viewed", ("view", "purchase"), "bought too"),
        ("cart_to_purchase", "bought", "carted", ("cart", "purchase"), "bought too"),
    ):
        where = "viewed" if whole == "viewed" else "put into the cart"
        made = feature(
            name,
            "rates",
            "share",
            f"Of the distinct items that they {where}, the share that they {what}, up to as_of, in any order.",
            f"They {'viewed no item' if whole == 'viewed' else 'put no item into the cart'}.",
        )
        sql = ratio(count_if(f"{whole} AND {part}"), count_if(f"{whole}"))
        found.append(Measure(made, sql, lacks=lack(world, *needs)))
    return Scan("user_no", f"FROM ({PAIRS})", tuple(found))


def _categories(world: World) -> Scan:
    """Rows: the categories that a user touched, c = place among all, n = events (an item of several: in each)."""
    lacking = "" if world.categories else "Items have no category."
    none = "None of their events is about an item with a category."
    column, top = world.category or "category", world.categories[: world.spec.top]
    counted = f"their events about items, impressions left out, counted by the item's {column!r}"
    found = [
        Measure(
            feature("categories_all", "breadth", "categories", f"Distinct categories of {counted}."),
            "count(*)",
            zero=True,
            lacks=lacking,
        ),
        Measure(
            feature(
                "top_category_share", "breadth", "share", f"Share of the most frequent category in {counted}.", none
            ),
            "max(n)::DOUBLE / sum(n)",
            lacks=lacking,
        ),
        Measure(
            feature(
                "category_entropy",
                "breadth",
                "bits",
                f"Entropy of the categories of {counted}: 0 = all in one, 3 = as varied as eight equal ones.",
                none,
            ),
            "greatest(0.0, log2(sum(n)) - sum(n * log2(n)) / sum(n))",
            lacks=lacking,
        ),
        Measure(
            feature(
                "favourite_category",
                "interaction",
                "",
                f"The category most frequent in {counted}; of equals the one that is more frequent among all users.",
                none,
                type="category",
            ),
            "(SELECT list FROM labels)[1 + arg_max(c, (n * 1000000 - c)::BIGINT)]",
            lacks=lacking,
        ),
        Measure(
            feature(
                "favourite_category_share_30d",
                "interaction",
                "share",
                "Share of their favourite category in their events of the last 30 days about items with a category.",
                "They had no such event in the last 30 days.",
            ),
            ratio("arg_max(recent, (n * 1000000 - c)::BIGINT)", "sum(recent)"),
            lacks=lacking or ("" if world.timed else NO_TIMES),
        ),
        Measure(
            feature(
                "favourite_category_days_since",
                "interaction",
                "days",
                "Days from their last event in their favourite category to as_of.",
                none,
            ),
            f"arg_max(age, (n * 1000000 - c)::BIGINT) / {DAY}.0",
            lacks=lacking or ("" if world.timed else NO_TIMES),
        ),
    ]
    names = distinct(list(top), frozenset({"other"}))
    for place, (name, value) in enumerate([*zip(names, top, strict=True), ("other", "")]):
        what = f"the category {value!r}" if place < len(top) else "any other category"
        made = feature(f"share_category_{name}", "share", "share", f"Share of {what} in {counted}.", none)
        some = sum_if("n", f"c = {place}") if place < len(top) else f"coalesce(sum(n) FILTER (c >= {place}), 0)"
        found.append(Measure(made, ratio(some, "sum(n)"), lacks=lacking))
    rows = (
        "SELECT user_no, c, count(*) AS n, count(*) FILTER (half = 1) AS recent, min(age) AS age FROM e JOIN named "
        "USING (item_no) WHERE act AND user_no IS NOT NULL GROUP BY user_no, c"
    )
    return Scan("user_no", f"FROM ({rows})", tuple(found))


def _no_money(world: World) -> str:
    return lack(world, "purchase") or ("" if world.known["value"] else "No event has a value.")


def _since(column: str) -> str:
    return f"({column} - lag({column}) OVER (PARTITION BY user_no ORDER BY {column}))"


PAIRS = (
    "SELECT user_no, item_no, bool_or(act) AS touched, min(w) FILTER (act) AS w, bool_or(kind = 3) AS viewed, "
    "bool_or(kind = 5) AS carted, bool_or(kind = 6) AS bought FROM e WHERE user_no IS NOT NULL AND item_no IS NOT NULL "
    "GROUP BY user_no, item_no"
)
