"""What happened: the overview figures. Each question has a result, and a sibling that yields the users behind it."""

from core.behaviour.active import (
    ActiveUsers,
    Stickiness,
    active_users,
    active_users_users,
    stickiness,
    stickiness_users,
)
from core.behaviour.catalogue import category_columns
from core.behaviour.contents import EventKind, contents, data_span, events_after_end, users_who
from core.behaviour.definitions import DEFINITIONS
from core.behaviour.funnel import STEPS, Funnel, funnel, funnel_users
from core.behaviour.over_time import EventsOverTime, events_over_time, events_over_time_users
from core.behaviour.overview import Metric, Overview, Part, overview, overview_users
from core.behaviour.people import count_people, sample_people, write_people
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
    "MEASURES",
    "NO_TIMES",
    "STEPS",
    "UNITS",
    "ActiveUsers",
    "EventKind",
    "EventsOverTime",
    "Funnel",
    "Measure",
    "Metric",
    "Overview",
    "Part",
    "Stickiness",
    "Top",
    "Trend",
    "Unit",
    "Window",
    "active_users",
    "active_users_users",
    "before",
    "between",
    "category_columns",
    "contents",
    "count_people",
    "data_span",
    "events_after_end",
    "events_over_time",
    "events_over_time_users",
    "funnel",
    "funnel_users",
    "in_period",
    "last_days",
    "next_period",
    "overview",
    "overview_users",
    "period_start",
    "resolve",
    "sample_people",
    "stickiness",
    "stickiness_users",
    "top_categories",
    "top_items",
    "top_users",
    "trend",
    "users_who",
    "write_people",
]
