"""What was planted, counted from the clean log and the finished sheet: the numbers of truth.json."""

from typing import Any

import numpy as np

from data.sample_model import campaign as past
from data.sample_model.catalogue import CATEGORIES, PLATEAU, SUBCATEGORIES
from data.sample_model.dirt import REJECTED, TEST_IDS, line_numbers
from data.sample_model.log import Log
from data.sample_model.settings import (
    BOT,
    CHANNEL_CONVERSION,
    CHANNEL_MIX,
    CHANNELS,
    CLICK_BY_EXPOSURE,
    DAY,
    DEVICE_CONVERSION,
    DEVICE_MIX,
    DEVICES,
    EVENTS,
    GUEST,
    N_COMMUNITIES,
    N_USERS,
    OPEN_BY_EXPOSURE,
    RESELLER,
    ROLES,
    WINBACK,
    WINBACK_FANS,
    WINBACK_UPLIFT,
    WINBACK_WINDOW_DAYS,
    Bools,
    Ints,
    iso,
    iso_day,
)
from data.sample_model.sheet import Sheet
from data.sample_model.shop import Shop
from data.sample_model.taste import community_shares

Facts = dict[str, Any]
PURCHASE, RETURN = EVENTS.index("purchase"), EVENTS.index("return")


def load_facts(sheet: Sheet) -> Facts:
    """What a loader must report of events.csv.gz."""
    rejected = {kind: int((sheet.label == kind).sum()) for kind in REJECTED}
    loaded = sheet.rows(~np.isin(sheet.label, REJECTED))
    kinds = loaded.cells["event_type"]
    turned = int((loaded.label == "negative_quantity").sum())
    events = {event: int((kinds == event).sum()) for event in EVENTS}
    as_returns = {**events, "purchase": events["purchase"] - turned, "return": events["return"] + turned}
    users, items = set(loaded.cells["user_id"]) - {""}, set(loaded.cells["item_id"]) - {""}
    return {
        "rows_read": len(sheet),
        "rows_rejected": sum(rejected.values()),
        "rejected_by_reason": rejected,
        "rows_loaded_keeping_repeats": len(loaded),
        "rows_repeated": int((sheet.label == "exact_repeat").sum()),
        "rows_anonymous": int((loaded.cells["user_id"] == "").sum()),
        "users": len(users),
        "items": len(items),
        "events_as_written": events,
        "events_with_returns_negative": as_returns,
    }


def dirt_facts(sheet: Sheet) -> Facts:
    """Count of each kind of dirt in events.csv.gz, and its lines in the uncompressed file (the header is line 1)."""
    lines = line_numbers(sheet)
    return {kind: {"count": len(rows), "lines": rows} for kind, rows in lines.items()}


def key_figures(shop: Shop, sheet: Sheet) -> Facts:
    """Users, orders and revenue of real customers before any dirt: no bots, no test ids, no codes, nothing lost.

    Returns booked as negative purchases did happen: they count as returns.
    """
    log, people = shop.log, shop.world.people
    minus = sheet.rows(sheet.label == "negative_quantity")
    returned = sum(
        -int(quantity) * float(price)
        for quantity, price in zip(minus.cells["quantity"], minus.cells["unit_price"], strict=True)
    )
    human = people.role[log["user"]] != BOT
    trade = people.role[log["user"]] == RESELLER
    return {
        "all_customers": _figures(log.where(human), people.role, returned),
        "without_resellers": _figures(log.where(human & ~trade), people.role, returned),
    }


def _figures(log: Log, role: Ints, returned: float) -> Facts:
    bought, back = log.where(log["event"] == PURCHASE), log.where(log["event"] == RETURN)
    known = bought.where(role[bought["user"]] != GUEST)
    pairs = np.unique(np.stack([known["user"], known["order"]]), axis=1)
    orders = np.bincount(pairs[0])
    gross = float((bought["quantity"] * bought["price"]).sum()) / 100
    sent_back = float((back["quantity"] * back["price"]).sum()) / 100 + returned
    return {
        "rows": len(log),
        "users": len(np.unique(log["user"][role[log["user"]] != GUEST])),
        "buyers": int((orders > 0).sum()),
        "buyers_of_two_or_more_orders": int((orders > 1).sum()),
        "orders": len(np.unique(bought["order"])),
        "orders_of_known_users": len(np.unique(known["order"])),
        "purchase_lines": len(bought),
        "gross_revenue": round(gross, 2),
        "returned_value": round(sent_back, 2),
        "net_revenue": round(gross - sent_back, 2),
    }


def community_facts(shop: Shop) -> list[Facts]:
    """Each community's size and what it likes."""
    shares = community_shares()
    community = shop.world.people.community[:N_USERS]
    facts = []
    for c in range(N_COMMUNITIES):
        by_category = np.bincount([CATEGORIES.index(name) for name, _ in SUBCATEGORIES], shares[c])
        first = np.argsort(-by_category)[:3].tolist()
        best = np.argsort(-shares[c], kind="stable")[:4].tolist()
        facts.append({
            "community": c,
            "users": int((community == c).sum()),
            "category_shares": {CATEGORIES[i]: round(float(by_category[i]), 4) for i in first},
            "favourite_subcategories": {SUBCATEGORIES[i][1]: round(float(shares[c, i]), 4) for i in best},
        })  # fmt: skip
    return facts


def role_facts(shop: Shop) -> Facts:
    """Users of each role; ids of bots and resellers. Every user's role stands in truth_users.csv."""
    people = shop.world.people
    counts = {name: int((people.role == number).sum()) for number, name in enumerate(ROLES)}
    return {
        "users_by_role": counts,
        "bots": sorted(people.ids[i] for i in people.having(BOT)),
        "resellers": sorted(people.ids[i] for i in people.having(RESELLER)),
        "test_ids": list(TEST_IDS),
    }


def fatigue_facts(log: Log) -> list[Facts]:
    """Response by number of exposure: planted, and counted (a click of the same campaign before the next message)."""

    def keys(events: Log) -> Ints:
        return (events["user"] * 100 + events["campaign"]) * 10**11 + events["at"]

    shown = np.sort(keys(log.where(log.of_type("impression"))))
    pair = shown // 10**11
    start = np.maximum.accumulate(np.where(np.diff(pair, prepend=-1) != 0, np.arange(len(pair)), 0))
    number = np.arange(len(pair)) - start
    answered = np.zeros(len(shown), bool)
    answered[np.searchsorted(shown, keys(log.where(log.of_type("click") & (log["campaign"] >= 0)))) - 1] = True
    return [
        {
            "exposure": n + 1,
            "impressions": int((number == n).sum()),
            "true_click_rate": CLICK_BY_EXPOSURE[n],
            "realised_click_rate": round(float(answered[number == n].mean()), 4),
            "true_open_rate_email": OPEN_BY_EXPOSURE[n],
        }
        for n in range(len(CLICK_BY_EXPOSURE))
    ]


def watched_facts(shop: Shop) -> Facts:
    """Over- and under-watched items with their realised numbers against the median item."""
    log, items = shop.log, shop.world.items
    views = np.bincount(log["item"][log.of_type("view")], minlength=len(items.sub))
    buys = np.bincount(log["item"][log.of_type("purchase")], minlength=len(items.sub))
    ids = items.ids()
    common = ~(items.over | items.under)

    def listed(rows: Bools) -> list[Facts]:
        chosen = np.flatnonzero(rows)
        return [{"item_id": ids[i], "views": int(views[i]), "purchase_lines": int(buys[i])} for i in chosen]

    rate = float(buys[common].sum() / views[common].sum())
    return {
        "purchases_per_view_of_other_items": round(rate, 4),
        "over_watched": listed(items.over),
        "under_watched": listed(items.under),
    }


def launch_facts(shop: Shop) -> Facts:
    """Big launches: from launch, attention is plateau + (1 - plateau) x 0.5^(days / half-life)."""
    items = shop.world.items
    ids = items.ids()
    return {
        "plateau": PLATEAU,
        "launched_in_the_year": int((items.half_life > 0).sum()),
        "big_launches": [
            {
                "item_id": ids[i],
                "launched_on": iso_day(int(items.launched[i])),
                "half_life_days": int(items.half_life[i]),
            }
            for i in np.flatnonzero(items.flagship)
        ],
    }


def mix_facts(shop: Shop) -> Facts:
    """Channels and devices: planted mix and relative conversion, realised sessions and share of them with an order.

    Sessions of shoppers and guests that have a view or a purchase, bots and resellers left out.
    """
    log, people = shop.log, shop.world.people
    real = ~np.isin(people.role[log["user"]], [BOT, RESELLER]) & (log["session"] >= 0)
    visit = log.where(real & (log.of_type("view") | log.of_type("purchase")))
    session, first = np.unique(visit["session"], return_index=True)
    ordered = np.isin(session, visit["session"][visit.of_type("purchase")])

    def realised(column: str, names: tuple[str, ...], mix: list[float], lift: list[float]) -> list[Facts]:
        value = visit[column][first]
        return [
            {
                "name": name,
                "planted_share": mix[i] if i < len(mix) else None,
                "planted_relative_conversion": lift[i] if i < len(lift) else None,
                "sessions": int((value == i).sum()),
                "share_with_order": round(float(ordered[value == i].mean()), 4),
            }
            for i, name in enumerate(names)
        ]

    return {
        "channels": realised("channel", CHANNELS, CHANNEL_MIX.tolist(), CHANNEL_CONVERSION.tolist()),
        "devices": realised("device", DEVICES, DEVICE_MIX.tolist(), DEVICE_CONVERSION.tolist()),
    }


def campaign_facts(shop: Shop) -> Facts:
    """The past campaign: arms, window, expected and realised rates of purchase within the window."""
    campaign, log = shop.campaign, shop.log
    bought = np.isin(campaign.user, past.buyers(log))
    base = float(campaign.unprompted.mean())
    fan = campaign.fan

    def arm(rows: Bools) -> Facts:
        hits = bought[rows]
        return {"users": len(hits), "buyers": int(hits.sum()), "rate": round(float(hits.mean()), 6)}

    contacted, control = arm(campaign.contacted), arm(~campaign.contacted)
    return {
        "name": WINBACK.name, "channel": WINBACK.channel, "offer_category": WINBACK.category,
        "sent_at": iso(past.SENT_AT), "window_days": WINBACK_WINDOW_DAYS,
        "window": [iso(past.SENT_AT), iso(past.SENT_AT + WINBACK_WINDOW_DAYS * DAY)],
        "outcome": "at least one purchase in [sent_at, sent_at + window_days)",
        "planned_split": [0.8, 0.2],
        "true_rate_control": round(base, 6),
        "true_rate_contacted": round(base + WINBACK_UPLIFT, 6),
        "true_uplift": WINBACK_UPLIFT,
        "true_uplift_of_fans": round(float(campaign.chance[fan].mean()), 6),
        "true_uplift_of_others": round(float(campaign.chance[~fan].mean()), 6),
        "fans": {"are": "odd-numbered communities", "users": int(fan.sum()), "times_the_chance": WINBACK_FANS},
        "realised": {
            "contacted": contacted, "control": control, "difference": round(contacted["rate"] - control["rate"], 6),
        },
    }  # fmt: skip
