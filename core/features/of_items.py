"""The features of items, by the pass over the data that makes them. `world.events` says what the columns mean."""

from __future__ import annotations

from core.features.scan import NO_TIMES, Measure, Scan, count_if, feature, lack, ratio, windows
from core.features.shares import clock_measures, context_measures, mix_measures, trend_measure
from core.features.world import DAY, World, is_number
from core.store import ident

_TRADE = "kind IN (6, 7)"


def item_scans(world: World) -> list[Scan]:
    """Every scan of items; which measures are wanted is chosen later, by family."""
    return [_events(world), _people(world), _prices(world)]


def _events(world: World) -> Scan:
    times = "" if world.timed else NO_TIMES
    found = [
        Measure(
            feature(
                "catalogue_age_days",
                "tenure",
                "days",
                "Days from its first event of any kind to as_of: how long it is known to be in the catalogue.",
                "It has no event before as_of.",
            ),
            f"max(age) / {DAY}.0",
            lacks=times,
        )
    ]
    for name, kind in (("view", 3), ("purchase", 6)):
        made = feature(
            f"days_since_{name}", "popularity", "days", f"Days from its last {name} to as_of.", f"It has no {name}."
        )
        sql = f"min(age) FILTER (kind = {kind}) / {DAY}.0"
        found.append(Measure(made, sql, lacks=times or lack(world, name)))
    for end, inside, words, lacks in windows(world):
        for name, unit, sql, what, word in (
            ("views", "events", count_if(f"kind = 3 AND {inside}"), "Views", "view"),
            ("carts", "events", count_if(f"kind = 5 AND {inside}"), "Times that it was put in a cart", "cart"),
            (
                "units",
                "units",
                f"coalesce(sum(units) FILTER ({_TRADE} AND {inside}), 0)",
                "Units bought less units returned (an event without a quantity is one unit)",
                "purchase",
            ),
            (
                "revenue",
                "money",
                f"coalesce(sum(value) FILTER ({_TRADE} AND {inside}), 0)::DOUBLE",
                "Value of purchases less returns, in the currency of the file,",
                "purchase",
            ),
        ):
            why = lacks or lack(world, word)
            if name == "revenue" and not world.known["value"]:
                why = why or "No event has a value."
            text = f"{what} {words}, of people without a name too."
            found.append(Measure(feature(f"{name}_{end}", "popularity", unit, text), sql, zero=True, lacks=why))
    found += [*_quality(world), *clock_measures(world)]
    found.append(trend_measure(world, "views", "Views", "kind = 3", lack(world, "view")))
    found.append(trend_measure(world, "purchases", "Purchases", "kind = 6", lack(world, "purchase")))
    return Scan("item_no", "FROM e", (*found, *mix_measures(world), *context_measures(world)))


def _quality(world: World) -> list[Measure]:
    none = lack(world, "purchase")
    paid = feature(
        "price_paid_mean",
        "price",
        "money",
        "Value of its purchases divided by the units bought, up to as_of, in the currency of the file.",
        "No purchase of it has a value.",
    )
    returned = feature(
        "share_returned",
        "quality",
        "share",
        "Units returned as a share of units bought, up to as_of; above 1 where more went back than is seen bought.",
        "It was not bought.",
    )
    rated = "" if world.known["rating"] else "No event has a rating."
    mean = feature(
        "rating_mean", "quality", "rating", "Mean rating, on the file's scale, up to as_of.", "It has no rating."
    )
    count = feature("rating_count", "quality", "ratings", "Events with a rating, up to as_of.")
    bought = "sum(units) FILTER (kind = 6 AND value IS NOT NULL)"
    return [
        Measure(paid, ratio("sum(value) FILTER (kind = 6)", bought), lacks=none),
        Measure(
            returned,
            ratio("-coalesce(sum(units) FILTER (kind = 7), 0)", "sum(units) FILTER (kind = 6)"),
            lacks=none or lack(world, "return"),
        ),
        Measure(mean, "avg(rating)", lacks=rated),
        Measure(count, "count(rating)", zero=True, lacks=rated),
    ]


def _people(world: World) -> Scan:
    """Rows: the known users of an item."""
    none = lack(world, "purchase")
    found: list[Measure] = []
    for end, inside, words, lacks in windows(world):
        made = feature(f"buyers_{end}", "popularity", "users", f"Distinct known users who bought it {words}.")
        sql = count_if(f"bought AND {inside.replace('w <=', 'bought_w <=')}")
        found.append(Measure(made, sql, zero=True, lacks=lacks or none))
        made = feature(
            f"users_{end}",
            "popularity",
            "users",
            f"Distinct known users with an event but an impression of it {words}.",
        )
        sql = count_if(f"touched AND {inside.replace('w <=', 'touched_w <=')}")
        found.append(Measure(made, sql, zero=True, lacks=lacks))
    by, who = ("touched", "users with an event but an impression of it") if none else ("bought", "buyers")
    rank = feature(
        "popularity_rank",
        "popularity",
        "place",
        f"Its place by distinct known {who} up to as_of: 1 = most; equals share the better place.",
        "No known user has an event of it.",
    )
    found.append(Measure(rank, f"rank() OVER (ORDER BY count(*) FILTER ({by}) DESC)"))
    for name, part, whole, needs, what, of in (
        ("conversion", "bought", "viewed", ("view", "purchase"), "bought it too", "viewed it"),
        ("cart_conversion", "bought", "carted", ("cart", "purchase"), "bought it too", "put it into the cart"),
    ):
        made = feature(
            name,
            "quality",
            "share",
            f"Of the known users who {of}, the share who {what}, up to as_of, in any order.",
            f"No known user {of}.",
        )
        sql = ratio(count_if(f"{whole} AND {part}"), count_if(f"{whole}"))
        found.append(Measure(made, sql, lacks=lack(world, *needs)))
    again = feature(
        "share_repeat_buyers",
        "quality",
        "share",
        "Of its known buyers, the share who bought it on two days (UTC) or more, up to as_of.",
        "No known user bought it.",
    )
    found.append(
        Measure(
            again,
            ratio(count_if("bought AND first_day < last_day"), count_if("bought")),
            lacks=none or ("" if world.timed else NO_TIMES),
        )
    )
    rows = (
        "SELECT item_no, user_no, bool_or(act) AS touched, bool_or(kind = 3) AS viewed, bool_or(kind = 5) AS carted, "
        "bool_or(kind = 6) AS bought, min(w) FILTER (act) AS touched_w, min(w) FILTER (kind = 6) AS bought_w, "
        "min(day) FILTER (kind = 6) AS first_day, max(day) FILTER (kind = 6) AS last_day FROM e "
        "WHERE user_no IS NOT NULL AND item_no IS NOT NULL GROUP BY item_no, user_no"
    )
    return Scan("item_no", f"FROM ({rows})", tuple(found))


def _prices(world: World) -> Scan:
    """Rows: items with their price and the middle price of their category."""
    priced = [n for (t, n), r in world.roles.items() if t == "items" and r == "price"]
    priced = [n for n in priced if is_number(world.columns["items"].get(n, ""))]
    if priced:
        what = f"Its price (the column {priced[0]!r})"
        prices = f"SELECT item_no, CAST({ident(priced[0])} AS DOUBLE) AS price FROM items"
    else:
        what = "The mean price paid for it"
        prices = (
            "SELECT item_no, sum(value)::DOUBLE / nullif(sum(units), 0) AS price FROM e "
            "WHERE kind = 6 AND value IS NOT NULL GROUP BY item_no"
        )
    level = feature(
        "price_level",
        "price",
        "ratio",
        f"{what} divided by the median of those of its category (of several, the one most frequent in events): "
        "1 = in the middle, 2 = twice as dear.",
        "It has no price, or no category, or the middle price of its category is zero.",
    )
    lacking = "" if world.categories else "Items have no category."
    if not priced:
        lacking = lacking or lack(world, "purchase")
    middle = "SELECT *, median(price) OVER (PARTITION BY c) AS middle FROM "
    one = "(SELECT item_no, min(c) AS c FROM named GROUP BY item_no)"
    rows = f"{middle} ({prices}) JOIN {one} USING (item_no)"
    return Scan("item_no", f"FROM ({rows})", (Measure(level, "any_value(price / nullif(middle, 0))", lacks=lacking),))
