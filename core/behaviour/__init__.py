"""What happened: the overview figures. Each question has a result, and a sibling that yields the users behind it."""

from core.behaviour.active import (
    ActiveUsers,
    Stickiness,
    active_users,
    active_users_users,
    stickiness,
    stickiness_users,
)
from core.behaviour.beside import beside
from core.behaviour.catalogue import category_columns, item_names
from core.behaviour.chance import Z95, holm, share_interval
from core.behaviour.contents import EventKind, contents, data_span, events_after_end, users_who
from core.behaviour.definitions import DEFINITIONS
from core.behaviour.funnel import STEPS, Funnel, funnel, funnel_users
from core.behaviour.over_time import EventsOverTime, events_over_time, events_over_time_users
from core.behaviour.overview import Metric, Overview, Part, overview, overview_users
from core.behaviour.people import count_people, sample_people, write_people
from core.behaviour.periods import MOST_PERIODS, covered, grid, table, too_many, unit_for
from core.behaviour.spread import spread, spread_sort
from core.behaviour.sql import (
    IS_ORDER,
    IS_TRADE,
    NET_UNITS,
    NOT_ACTIVE,
    ORDER_KEY,
    active,
    period_of_event,
    wholly_returned,
)
from core.behaviour.timeline import MOST_EVENTS, NO_ITEM, Timeline, timelines
from core.behaviour.top import MEASURES, Measure, Top, top_categories, top_items, top_users
from core.behaviour.trend import Trend, trend
from core.behaviour.window import (
    EVERYTHING,
    NO_TIMES,
    UNITS,
    Unit,
    Window,
    before,
    between,
    in_period,
    last_days,
    next_period,
    period_start,
    resolve,
)

__all__ = [
    "DEFINITIONS",
    "EVERYTHING",
    "IS_ORDER",
    "IS_TRADE",
    "MEASURES",
    "MOST_EVENTS",
    "MOST_PERIODS",
    "NET_UNITS",
    "NOT_ACTIVE",
    "NO_ITEM",
    "NO_TIMES",
    "ORDER_KEY",
    "STEPS",
    "UNITS",
    "Z95",
    "ActiveUsers",
    "EventKind",
    "EventsOverTime",
    "Funnel",
    "Measure",
    "Metric",
    "Overview",
    "Part",
    "Stickiness",
    "Timeline",
    "Top",
    "Trend",
    "Unit",
    "Window",
    "active",
    "active_users",
    "active_users_users",
    "before",
    "beside",
    "between",
    "category_columns",
    "contents",
    "count_people",
    "covered",
    "data_span",
    "events_after_end",
    "events_over_time",
    "events_over_time_users",
    "funnel",
    "funnel_users",
    "grid",
    "holm",
    "in_period",
    "item_names",
    "last_days",
    "next_period",
    "overview",
    "overview_users",
    "period_of_event",
    "period_start",
    "resolve",
    "sample_people",
    "share_interval",
    "spread",
    "spread_sort",
    "stickiness",
    "stickiness_users",
    "table",
    "timelines",
    "too_many",
    "top_categories",
    "top_items",
    "top_users",
    "trend",
    "unit_for",
    "users_who",
    "wholly_returned",
    "write_people",
]
