"""Results as Plotly figures, and nothing else: no figure computes what it shows."""

from core.figures.behaviour import (
    MEASURE_NAMES,
    active_users_figure,
    events_figure,
    funnel_figure,
    new_and_returning_figure,
    period_words,
    top_figure,
)
from core.figures.template import COLOURS, event_mark, event_name

__all__ = [
    "COLOURS",
    "MEASURE_NAMES",
    "active_users_figure",
    "event_mark",
    "event_name",
    "events_figure",
    "funnel_figure",
    "new_and_returning_figure",
    "period_words",
    "top_figure",
]
