"""How users come from one step to the next, where they are lost, and what those who arrive do differently."""

from core.funnel.answer import (
    EDGES,
    FunnelTrend,
    StepFunnel,
    funnel_trend,
    funnel_trend_users,
    step_funnel,
    step_funnel_users,
)
from core.funnel.breakdown import FunnelBreakdown, funnel_breakdown, funnel_breakdown_users
from core.funnel.more import MoreOften, Went, more_often, more_often_users
from core.funnel.question import FEWEST, MOST, FunnelSpec, Order, Per, Same
from core.funnel.rules import funnel_rule
from core.funnel.traits import Trait, trait_words
from core.funnel.values import NOT_KNOWN, OTHERS, By
from core.funnel.written import filters_label, read_span, read_steps, step_label, steps_text

__all__ = [
    "EDGES",
    "FEWEST",
    "MOST",
    "NOT_KNOWN",
    "OTHERS",
    "By",
    "FunnelBreakdown",
    "FunnelSpec",
    "FunnelTrend",
    "MoreOften",
    "Order",
    "Per",
    "Same",
    "StepFunnel",
    "Trait",
    "Went",
    "filters_label",
    "funnel_breakdown",
    "funnel_breakdown_users",
    "funnel_rule",
    "funnel_trend",
    "funnel_trend_users",
    "more_often",
    "more_often_users",
    "read_span",
    "read_steps",
    "step_funnel",
    "step_funnel_users",
    "step_label",
    "steps_text",
    "trait_words",
]
