"""Honest evaluation: which model is better, by how much, and how sure that is."""

from core.evaluate.audience import AUDIENCE_TASK, audience, prepare_audience, publish_audience
from core.evaluate.audience_codec import audience_from_json, audience_to_json
from core.evaluate.audience_curve import BuyersCurve, buyers_curve
from core.evaluate.audience_types import Audience, AudienceSpec, Target, TargetScore, WayScore
from core.evaluate.codec import comparison_from_json, comparison_to_json
from core.evaluate.compare import COMPARE_TASK, compare, prepare_compare, publish_compare
from core.evaluate.newcomers import NEWCOMERS_TASK, newcomers, prepare_newcomers, publish_newcomers
from core.evaluate.newcomers_types import ItemScore, Newcomers, NewcomersSpec, UserScore
from core.evaluate.split import PartName, Parts, by_user, draw_users, hold_out
from core.evaluate.stored import Run, delete_run, get_run, list_runs, run_chosen, run_users, save_run
from core.evaluate.tables import (
    audience_rows,
    comparison_rows,
    ranked,
    ranked_ways,
    surely,
    write_audience,
    write_comparison,
)
from core.evaluate.types import (
    DEFINITIONS,
    METRICS,
    SPLITS,
    CompareSpec,
    Comparison,
    Difference,
    Measured,
    ModelScore,
    Split,
    Verdict,
)

__all__ = [
    "AUDIENCE_TASK",
    "COMPARE_TASK",
    "DEFINITIONS",
    "METRICS",
    "NEWCOMERS_TASK",
    "SPLITS",
    "Audience",
    "AudienceSpec",
    "BuyersCurve",
    "CompareSpec",
    "Comparison",
    "Difference",
    "ItemScore",
    "Measured",
    "ModelScore",
    "Newcomers",
    "NewcomersSpec",
    "PartName",
    "Parts",
    "Run",
    "Split",
    "Target",
    "TargetScore",
    "UserScore",
    "Verdict",
    "WayScore",
    "audience",
    "audience_from_json",
    "audience_rows",
    "audience_to_json",
    "buyers_curve",
    "by_user",
    "compare",
    "comparison_from_json",
    "comparison_rows",
    "comparison_to_json",
    "delete_run",
    "draw_users",
    "get_run",
    "hold_out",
    "list_runs",
    "newcomers",
    "prepare_audience",
    "prepare_compare",
    "prepare_newcomers",
    "publish_audience",
    "publish_compare",
    "publish_newcomers",
    "ranked",
    "ranked_ways",
    "run_chosen",
    "run_users",
    "save_run",
    "surely",
    "write_audience",
    "write_comparison",
]
