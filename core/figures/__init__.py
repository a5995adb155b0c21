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
from core.figures.board import overlisted_figure, standings_figure
from core.figures.campaigns import CONTACTED, STAGE_NAMES, waterfall_figure
from core.figures.evaluate import audience_figure, comparison_figure, target_figure, way_name
from core.figures.experiments import ARM_NAMES, arm_colour, difference_figure, points, rates_figure
from core.figures.explain import parts_are_shares, parts_figure, shared_items_figure, tastes_figure, traits_figure
from core.figures.features import distribution_figure, relevance_figure
from core.figures.funnel import (
    funnel_breakdown_figure,
    funnel_trend_figure,
    odds_figure,
    step_name,
    steps_figure,
    took_figure,
)
from core.figures.likeness import Parts, map_figure, network_figure
from core.figures.marks import model_colour, model_symbol
from core.figures.movement import movement_figure, movement_table_figure, part_name, sizes_compared_figure, sizes_figure
from core.figures.protocol import diversity_figure, segments_figure
from core.figures.quality import daily_figure
from core.figures.tastes import taste_name, taste_plane_figure, taste_weights_figure
from core.figures.template import COLOURS, event_mark, event_name
from core.figures.watch import PROFILE_MEASURES, lift_figure, overlap_figure, profile_figure, upset_figure

__all__ = [
    "ARM_NAMES",
    "COLOURS",
    "CONTACTED",
    "MEASURE_NAMES",
    "PROFILE_MEASURES",
    "STAGE_NAMES",
    "Parts",
    "active_users_figure",
    "arm_colour",
    "audience_figure",
    "comparison_figure",
    "daily_figure",
    "difference_figure",
    "distribution_figure",
    "diversity_figure",
    "event_mark",
    "event_name",
    "events_figure",
    "funnel_breakdown_figure",
    "funnel_figure",
    "funnel_trend_figure",
    "lift_figure",
    "map_figure",
    "model_colour",
    "model_symbol",
    "movement_figure",
    "movement_table_figure",
    "network_figure",
    "new_and_returning_figure",
    "odds_figure",
    "overlap_figure",
    "overlisted_figure",
    "part_name",
    "parts_are_shares",
    "parts_figure",
    "period_words",
    "points",
    "profile_figure",
    "rates_figure",
    "relevance_figure",
    "segments_figure",
    "shared_items_figure",
    "sizes_compared_figure",
    "sizes_figure",
    "standings_figure",
    "step_name",
    "steps_figure",
    "target_figure",
    "taste_name",
    "taste_plane_figure",
    "taste_weights_figure",
    "tastes_figure",
    "took_figure",
    "top_figure",
    "traits_figure",
    "upset_figure",
    "waterfall_figure",
    "way_name",
]
