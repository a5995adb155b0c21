"""Where users' attention goes, how it is divided, what it turns into, and how it fades."""

from core.attention.clock import COUNTS, UTC, WEEKDAYS, Clock, Count, clock, clock_users, zones
from core.attention.focus import BANDS, DEFAULT_FOCUS, Focus, FocusSpec, focus, focus_users
from core.attention.focus import KINDS as FOCUS_KINDS
from core.attention.focus import LEAST as FOCUS_LEAST
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
    "Focus",
    "FocusSpec",
    "PartBy",
    "Searches",
    "VisitFigures",
    "VisitParts",
    "VisitRule",
    "VisitsAnswer",
    "clock",
    "clock_users",
    "focus",
    "focus_users",
    "part_choices",
    "search_column",
    "searches",
    "searches_users",
    "visit_parts",
    "visit_parts_users",
    "visits",
    "visits_users",
    "zones",
]
