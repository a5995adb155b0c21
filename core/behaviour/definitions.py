"""What each figure means, in the words that pages, hovers and the command line use."""

from __future__ import annotations

from core.behaviour.sql import NOT_ACTIVE

DEFINITIONS: dict[str, str] = {
    "users": "Users with at least one event of any kind in the period. Events that name no user are not counted here.",
    "items": "Items with at least one event of any kind in the period.",
    "events": "All that was recorded in the period, one count for each event; events that name no user included.",
    "anonymous": "Events that name no user.",
    "orders": (
        "Distinct order numbers of each user; where the data carry none, all that a user bought on one day (UTC) is one"
        " order. Orders that name no user count by their number. Returns take no order away."
    ),
    "buyers": "Users with at least one order in the period, whether or not they returned it.",
    "revenue": (
        "Net revenue: the value of all purchases less the value of all returns in the period, anonymous ones included,"
        " in the currency of the file."
    ),
    "events_over_time": "Events in each period (UTC; weeks begin on Monday), by type. Pale bars: not the whole period.",
    "active": (
        f"A user is active in a period after doing anything in it, {NOT_ACTIVE[0]}s aside: those are done to a user."
        " Daily: on the day. Weekly and monthly: in the 7, or 30, days that end with it."
    ),
    "new": "New: the user's first activity in all the data. Returning: active, and active before this period already.",
    "stickiness": (
        "Mean daily active users of the last 30 days, as a share of all users active in these 30 days. 3.3 % means that"
        " each of them came on one day, 100 % that each came daily."
    ),
    "top_items": "Items by the chosen measure, in the period.",
    "top_categories": "Categories by the chosen measure, in the period. An item of several counts in each of them.",
    "top_events": "Events that name the item; the share is of all events that name an item.",
    "top_users": "Distinct users with such an event; the share is of all such users: shares can sum to over 100 %.",
    "top_orders": "Distinct orders that hold the item; the share is of all orders: shares can sum to over 100 %.",
    "top_buyers": (
        "Distinct users who bought the item in the period and had not returned all of it by its end; the share is of"
        " the buyers of any item."
    ),
    "top_units": "Units bought less units returned; the share is of all items' net units.",
    "top_revenue": "Value of purchases less returns, in the currency of the file; the share is of all items together.",
    "funnel_ordered": (
        "Users who did each step at the same time as the step before or later, within the period, whatever the item."
        " Purchases made without the steps before are not in the last bar."
    ),
    "funnel_any": (
        "Users who did this step and all the steps before it within the period, in whatever order and on whatever item."
    ),
}
