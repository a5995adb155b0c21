"""Where users' attention goes, how it is divided, what it turns into, and how it fades."""

from core.attention.clock import CLOCK_COUNTS, UTC, WEEKDAYS, Clock, Count, clock, clock_users, zones
from core.attention.concentration import Concentrated, Concentration, concentration, concentration_users, measured
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
from core.attention.outcome import MARGIN, NO_VIEWS, VERDICTS, Outcome, OutcomeSpec, Verdict, outcome, outcome_users
from core.attention.outcome_ask import Attention, Who, attention_there
from core.attention.path_visits import item_events
from core.attention.paths import PathQuestion, Paths, paths, paths_users
from core.attention.searches import Searches, search_column, searches, searches_users
from core.attention.share import MOST_TOP, Share, ShareSpec, share, share_users
from core.attention.share_areas import (
    COUNT_DEFINITIONS,
    COUNT_WORDS,
    COUNTS,
    ITEM,
    NOT_GIVEN,
    OTHERS,
    Area,
    Counts,
    area_named,
    areas,
    counts_there,
    default_counts,
)
from core.attention.shrink import Shrunk, shrink, usual_rate
from core.attention.visits import KINDS as VISIT_KINDS
from core.attention.visits import VisitFigures, VisitsAnswer, visits, visits_users
from core.attention.visits_parts import PartBy, VisitParts, part_choices, visit_parts, visit_parts_users
from core.attention.visits_rule import DEFAULT_RULE, KEY_EVENTS, VisitRule
from core.attention.visits_words import VISIT_DEFINITIONS

__all__ = [
    "BANDS",
    "CLOCK_COUNTS",
    "COUNTS",
    "COUNT_DEFINITIONS",
    "COUNT_WORDS",
    "DEFAULT_FOCUS",
    "DEFAULT_RULE",
    "FOCUS_KINDS",
    "FOCUS_LEAST",
    "ITEM",
    "KEY_EVENTS",
    "MARGIN",
    "MOST_TOP",
    "NOT_GIVEN",
    "NO_VIEWS",
    "OTHERS",
    "UTC",
    "VERDICTS",
    "VISIT_DEFINITIONS",
    "VISIT_KINDS",
    "WEEKDAYS",
    "Area",
    "Attention",
    "Clock",
    "Concentrated",
    "Concentration",
    "Count",
    "Counts",
    "Fade",
    "Fatigue",
    "FatigueQuestion",
    "Flow",
    "FlowQuestion",
    "Focus",
    "FocusSpec",
    "Launch",
    "LaunchQuestion",
    "Outcome",
    "OutcomeSpec",
    "PartBy",
    "PathQuestion",
    "Paths",
    "Per",
    "Searches",
    "Share",
    "ShareSpec",
    "Shrunk",
    "Slope",
    "Verdict",
    "VisitFigures",
    "VisitParts",
    "VisitRule",
    "VisitsAnswer",
    "Who",
    "area_named",
    "areas",
    "attention_there",
    "clock",
    "clock_users",
    "concentration",
    "concentration_users",
    "counts_there",
    "default_counts",
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
    "measured",
    "outcome",
    "outcome_users",
    "part_choices",
    "paths",
    "paths_users",
    "search_column",
    "searches",
    "searches_users",
    "share",
    "share_users",
    "shrink",
    "usual_rate",
    "visit_parts",
    "visit_parts_users",
    "visits",
    "visits_users",
    "zones",
]
