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
from core.figures.fading import fade_words, fatigue_figure, half_lives_figure, launch_figure, launched_item_figure
from core.figures.features import distribution_figure, relevance_figure
from core.figures.likeness import Parts, map_figure, network_figure
from core.figures.loyalty import (
    again_figure,
    fair_figure,
    orders_figure,
    requirements_figure,
    waits_figure,
    wallet_figure,
)
from core.figures.loyalty_score import (
    PART_NAMES,
    moves_figure,
    one_score_figure,
    score_check_figure,
    score_figure,
    stages_figure,
)
from core.figures.marks import model_colour, model_symbol
from core.figures.movement import movement_figure, movement_table_figure, part_name, sizes_compared_figure, sizes_figure
from core.figures.paths import flow_sankey_figure, flow_table_figure, paths_figure, step_label
from core.figures.protocol import diversity_figure, segments_figure
from core.figures.quality import daily_figure
from core.figures.retention import (
    retention_curves_figure,
    retention_heat_figure,
    retention_parts_figure,
    survival_figure,
)
from core.figures.tastes import taste_name, taste_plane_figure, taste_weights_figure
from core.figures.template import COLOURS, event_mark, event_name
from core.figures.value import by_past_figure, chances_figure, tracking_figure, value_bands_figure, value_cells_figure
from core.figures.visits import (
    CLOCK_NAMES,
    FOCUS_NAMES,
    RATE_BOUNDS,
    RATE_NAMES,
    Rate,
    clock_figure,
    focus_figure,
    focus_yield_figure,
    searches_figure,
    visit_parts_figure,
    visits_figure,
)
from core.figures.watch import PROFILE_MEASURES, lift_figure, overlap_figure, profile_figure, upset_figure

__all__ = [
    "ARM_NAMES",
    "CLOCK_NAMES",
    "COLOURS",
    "CONTACTED",
    "FOCUS_NAMES",
    "MEASURE_NAMES",
    "PART_NAMES",
    "PROFILE_MEASURES",
    "RATE_BOUNDS",
    "RATE_NAMES",
    "STAGE_NAMES",
    "Parts",
    "Rate",
    "active_users_figure",
    "again_figure",
    "arm_colour",
    "audience_figure",
    "by_past_figure",
    "chances_figure",
    "clock_figure",
    "comparison_figure",
    "daily_figure",
    "difference_figure",
    "distribution_figure",
    "diversity_figure",
    "event_mark",
    "event_name",
    "events_figure",
    "fade_words",
    "fair_figure",
    "fatigue_figure",
    "flow_sankey_figure",
    "flow_table_figure",
    "focus_figure",
    "focus_yield_figure",
    "funnel_figure",
    "half_lives_figure",
    "launch_figure",
    "launched_item_figure",
    "lift_figure",
    "map_figure",
    "model_colour",
    "model_symbol",
    "movement_figure",
    "movement_table_figure",
    "moves_figure",
    "network_figure",
    "new_and_returning_figure",
    "one_score_figure",
    "orders_figure",
    "overlap_figure",
    "overlisted_figure",
    "part_name",
    "parts_are_shares",
    "parts_figure",
    "paths_figure",
    "period_words",
    "points",
    "profile_figure",
    "rates_figure",
    "relevance_figure",
    "requirements_figure",
    "retention_curves_figure",
    "retention_heat_figure",
    "retention_parts_figure",
    "score_check_figure",
    "score_figure",
    "searches_figure",
    "segments_figure",
    "shared_items_figure",
    "sizes_compared_figure",
    "sizes_figure",
    "stages_figure",
    "standings_figure",
    "step_label",
    "survival_figure",
    "target_figure",
    "taste_name",
    "taste_plane_figure",
    "taste_weights_figure",
    "tastes_figure",
    "top_figure",
    "tracking_figure",
    "traits_figure",
    "upset_figure",
    "value_bands_figure",
    "value_cells_figure",
    "visit_parts_figure",
    "visits_figure",
    "waits_figure",
    "wallet_figure",
    "waterfall_figure",
    "way_name",
]
