"""Where users' attention goes, how it is divided, what it turns into, and how it fades."""

from core.attention.clock import COUNTS, UTC, WEEKDAYS, Clock, Count, clock, clock_users, zones
from core.attention.fading_fit import Fade
from core.attention.fatigue import Fatigue, fatigue, fatigue_users
from core.attention.fatigue_runs import FatigueQuestion, Per, exposure_events
from core.attention.fatigue_slope import Slope
from core.attention.flow import Flow, FlowQuestion, flow, flow_users
from core.attention.focus import BANDS, DEFAULT_FOCUS, Focus, FocusSpec, focus, focus_users
from core.attention.focus import KINDS as FOCUS_KINDS
from core.attention.focus import LEAST as FOCUS_LEAST
from core.attention.launch import Launch, launch, launch_users
from core.attention.launch_counts import LaunchQuestion, launch_events
from core.attention.path_visits import item_events
from core.attention.paths import PathQuestion, Paths, paths, paths_users
from core.attention.searches import Searches, search_column, searches, searches_users
from core.attention.visits import KINDS as VISIT_KINDS
from core.attention.visits import VisitFigures, VisitsAnswer, visits, visits_users
from core.attention.visits_parts import PartBy, VisitParts, part_choices, visit_parts, visit_parts_users
from core.attention.visits_rule import DEFAULT_RULE, KEY_EVENTS, VisitRule
from core.attention.visits_words import VISIT_DEFINITIONS

__all__ = [
    "BANDS",
    "COUNTS",
    "DEFAULT_FOCUS",
    "DEFAULT_RULE",
    "FOCUS_KINDS",
    "FOCUS_LEAST",
    "KEY_EVENTS",
    "UTC",
    "VISIT_DEFINITIONS",
    "VISIT_KINDS",
    "WEEKDAYS",
    "Clock",
    "Count",
    "Fade",
    "Fatigue",
    "FatigueQuestion",
    "Flow",
    "FlowQuestion",
    "Focus",
    "FocusSpec",
    "Launch",
    "LaunchQuestion",
    "PartBy",
    "PathQuestion",
    "Paths",
    "Per",
    "Searches",
    "Slope",
    "VisitFigures",
    "VisitParts",
    "VisitRule",
    "VisitsAnswer",
    "clock",
    "clock_users",
    "exposure_events",
    "fatigue",
    "fatigue_users",
    "flow",
    "flow_users",
    "focus",
    "focus_users",
    "item_events",
    "launch",
    "launch_events",
    "launch_users",
    "part_choices",
    "paths",
    "paths_users",
    "search_column",
    "searches",
    "searches_users",
    "visit_parts",
    "visit_parts_users",
    "visits",
    "visits_users",
    "zones",
]
