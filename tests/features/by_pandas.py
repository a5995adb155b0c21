"""The features by the other road: pandas, one user (item) after the other, as their definitions say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

NONE = float("nan")
WINDOWS: dict[str, int] = {"7d": 7, "30d": 30, "90d": 90, "365d": 365, "all": 100_000}


def share(part: float, whole: float) -> float:
    return part / whole if whole else NONE


def days(events: pd.DataFrame, as_of: datetime, least: bool = True) -> float:
    if events.empty:
        return NONE
    at = events.at_utc.max() if least else events.at_utc.min()
    return (pd.Timestamp(as_of) - at) / pd.Timedelta(days=1)


def common(own: pd.DataFrame, as_of: datetime) -> dict[str, Any]:
    """What users and items share."""
    found: dict[str, Any] = {}
    acts = own[own.event != "impression"]
    hour = acts.at_utc.dt.hour
    for name, low in (("night", 0), ("morning", 6), ("afternoon", 12), ("evening", 18)):
        found[f"share_{name}"] = share(((hour >= low) & (hour < low + 6)).sum(), len(acts))
    found["share_weekend"] = share((acts.at_utc.dt.day_of_week >= 5).sum(), len(acts))
    for column in ("channel", "device"):
        known = own[own[column].notna()]
        for value in ("web", "app", "mail", "shop") if column == "channel" else ("phone", "desk"):
            found[f"share_{column}_{value}"] = share((known[column] == value).sum(), len(known))
    known = own[own.weather.notna()]
    found["share_weather_rain"] = share((known.weather == "rain").sum(), len(known))
    found["mean_speed"] = own.speed.mean()
    return found


def trend(events: pd.DataFrame, as_of: datetime) -> float:
    late = (events.at_utc >= pd.Timestamp(as_of) - pd.Timedelta(days=30)).sum()
    both = (events.at_utc >= pd.Timestamp(as_of) - pd.Timedelta(days=60)).sum()
    return share(late - (both - late), both)


def gaps(found: dict[str, Any], name: str, times: pd.Series) -> None:
    gap = times.sort_values().diff().dropna().dt.total_seconds() / 86_400
    found[f"{name}_gap_mean"] = gap.mean()
    found[f"{name}_gap_spread"] = gap.std()
    found[f"{name}_gap_regularity"] = 1 / (1 + gap.std() / gap.mean()) if len(gap) > 1 and gap.mean() else NONE


def user(own: pd.DataFrame, categories: dict[Any, Any], as_of: datetime) -> dict[str, Any]:
    """One user's features; `own` are the user's events before as_of, `categories` item -> category."""
    acts, found = own[own.event != "impression"], common(own, as_of)
    by = {
        word: own[own.event == word] for word in ("view", "cart", "purchase", "return", "impression", "click", "open")
    }
    orders = by["purchase"].assign(
        order=by["purchase"].order_id.fillna("day " + by["purchase"].at_utc.dt.date.astype(str))
    )
    starts = orders.groupby("order").at_utc.min()
    found["tenure_days"] = days(acts, as_of, least=False)
    for word in ("view", "cart", "purchase"):
        found[f"days_since_{word}"] = days(by[word], as_of)
    found["days_since_event"] = days(acts, as_of)
    for end, length in WINDOWS.items():
        begin = pd.Timestamp(as_of) - pd.Timedelta(days=length)
        late = {word: events[events.at_utc >= begin] for word, events in by.items()}
        act = acts[acts.at_utc >= begin]
        found[f"events_{end}"], found[f"views_{end}"] = len(act), len(late["view"])
        found[f"carts_{end}"], found[f"active_days_{end}"] = len(late["cart"]), act.at_utc.dt.date.nunique()
        found[f"sessions_{end}"] = own[own.at_utc >= begin].session.nunique()
        found[f"items_{end}"] = act.item_id.nunique()
        found[f"revenue_{end}"] = late["purchase"].value.sum() + late["return"].value.sum()
        recent = orders[orders.order.isin(orders[orders.at_utc >= begin].order)]
        found[f"orders_{end}"] = recent.order.nunique()
        found[f"order_value_{end}"] = recent.groupby("order").value.sum().mean()
    found["share_returned"] = share(-by["return"].value.sum(), by["purchase"].value.sum())
    gaps(found, "active", pd.Series(pd.to_datetime(acts.at_utc.dt.date.unique())))
    gaps(found, "order", starts)
    mean = found["order_gap_mean"]
    found["overdue_ratio"] = found["days_since_purchase"] / mean if mean > 0 else NONE
    found["trend_events_30d"] = trend(acts, as_of)
    found["trend_orders_30d"] = trend(starts.to_frame(), as_of)
    sets = {word: set(by[word].item_id.dropna()) for word in ("view", "cart", "purchase")}
    found["items_bought_all"] = len(sets["purchase"])
    found["view_to_cart"] = share(len(sets["view"] & sets["cart"]), len(sets["view"]))
    found["view_to_purchase"] = share(len(sets["view"] & sets["purchase"]), len(sets["view"]))
    found["cart_to_purchase"] = share(len(sets["cart"] & sets["purchase"]), len(sets["cart"]))
    found["clicks_per_impression"] = share(len(by["click"]), len(by["impression"]))
    found["opens_per_impression"] = share(len(by["open"]), len(by["impression"]))
    liked = acts.assign(category=acts.item_id.map(categories)).dropna(subset="category")
    counts = liked.category.value_counts()
    found["categories_all"] = len(counts)
    p = counts / counts.sum()
    found["top_category_share"] = p.max() if len(p) else NONE
    found["category_entropy"] = -(p * np.log2(p)).sum() if len(p) else NONE
    found["share_category_tea"] = share(counts.get("Tea", 0), counts.sum())
    best = counts[counts == counts.max()].index.tolist()
    if len(best) == 1:  # of equals it is the one more frequent among all
        found["favourite_category"] = best[0]
        mine = liked[liked.category == best[0]]
        fresh = liked[liked.at_utc >= pd.Timestamp(as_of) - pd.Timedelta(days=30)]
        found["favourite_category_share_30d"] = share((fresh.category == best[0]).sum(), len(fresh))
        found["favourite_category_days_since"] = days(mine, as_of)
    return found


def item(own: pd.DataFrame, as_of: datetime) -> dict[str, Any]:
    """One item's features; `own` are its events before as_of."""
    found = common(own, as_of)
    by = {word: own[own.event == word] for word in ("view", "cart", "purchase", "return")}
    found["catalogue_age_days"] = days(own, as_of, least=False)
    found["days_since_view"], found["days_since_purchase"] = days(by["view"], as_of), days(by["purchase"], as_of)
    for end, length in WINDOWS.items():
        begin = pd.Timestamp(as_of) - pd.Timedelta(days=length)
        late = own[own.at_utc >= begin]
        trade = late[late.event.isin(["purchase", "return"])]
        found[f"views_{end}"], found[f"carts_{end}"] = (late.event == "view").sum(), (late.event == "cart").sum()
        found[f"units_{end}"], found[f"revenue_{end}"] = trade.quantity.sum(), trade.value.sum()
        found[f"buyers_{end}"] = late[late.event == "purchase"].user_id.nunique()
        found[f"users_{end}"] = late[late.event != "impression"].user_id.nunique()
    found["price_paid_mean"] = share(by["purchase"].value.sum(), by["purchase"].quantity.sum())
    found["share_returned"] = share(-by["return"].quantity.sum(), by["purchase"].quantity.sum())
    found["rating_mean"], found["rating_count"] = own.rating.mean(), own.rating.count()
    sets = {word: set(by[word].user_id.dropna()) for word in ("view", "cart", "purchase")}
    found["conversion"] = share(len(sets["view"] & sets["purchase"]), len(sets["view"]))
    found["cart_conversion"] = share(len(sets["cart"] & sets["purchase"]), len(sets["cart"]))
    buys = by["purchase"].dropna(subset="user_id")
    often = buys.groupby("user_id").at_utc.apply(lambda at: at.dt.date.nunique())
    found["share_repeat_buyers"] = share((often > 1).sum(), len(often))
    found["trend_views_30d"], found["trend_purchases_30d"] = trend(by["view"], as_of), trend(by["purchase"], as_of)
    return found


def cosines(took: pd.DataFrame) -> tuple[dict[Any, set[str]], dict[Any, set[str]]]:
    """Users of both of each two items, and of each item; `took`: user_id, item_id."""
    users: dict[Any, set[str]] = {i: set(g) for i, g in took.groupby("item_id").user_id}
    return {(a, b): users[a] & users[b] for a in users for b in users if a != b}, users
