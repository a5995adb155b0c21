"""Honest evaluation: which model is better, by how much, and how sure that is."""

from core.evaluate.audience import AUDIENCE_TASK, audience, prepare_audience, publish_audience
from core.evaluate.audience_codec import audience_from_json, audience_to_json
from core.evaluate.audience_curve import BuyersCurve, buyers_curve
from core.evaluate.audience_types import Audience, AudienceSpec, Target, TargetScore, WayScore
from core.evaluate.codec import comparison_from_json, comparison_to_json
from core.evaluate.compare import COMPARE_TASK, compare, prepare_compare, publish_compare
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
from core.evaluate.tuning import (
    ENOUGH as ENOUGH_TRIALS,
)
from core.evaluate.tuning import (
    SAMPLERS,
    TUNE_TASK,
    StoredStudy,
    Study,
    Trial,
    TuneSpec,
    compare_tuned,
    delete_study,
    get_study,
    go_on,
    list_studies,
    prepare_tune,
    publish_tune,
    salvage_tune,
    save_study,
    study_from_json,
    study_to_json,
    trial_rows,
    tune,
    write_trials,
)
from core.evaluate.tuning import (
    history as study_history,
)
from core.evaluate.tuning import (
    importance as param_importance,
)
from core.evaluate.tuning import (
    pareto as pareto_front,
)
from core.evaluate.tuning import (
    promote as promote_trial,
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
    "ENOUGH_TRIALS",
    "METRICS",
    "SAMPLERS",
    "SPLITS",
    "TUNE_TASK",
    "Audience",
    "AudienceSpec",
    "BuyersCurve",
    "CompareSpec",
    "Comparison",
    "Difference",
    "Measured",
    "ModelScore",
    "PartName",
    "Parts",
    "Run",
    "Split",
    "StoredStudy",
    "Study",
    "Target",
    "TargetScore",
    "Trial",
    "TuneSpec",
    "Verdict",
    "WayScore",
    "audience",
    "audience_from_json",
    "audience_rows",
    "audience_to_json",
    "buyers_curve",
    "by_user",
    "compare",
    "compare_tuned",
    "comparison_from_json",
    "comparison_rows",
    "comparison_to_json",
    "delete_run",
    "delete_study",
    "draw_users",
    "get_run",
    "get_study",
    "go_on",
    "hold_out",
    "list_runs",
    "list_studies",
    "param_importance",
    "pareto_front",
    "prepare_audience",
    "prepare_compare",
    "prepare_tune",
    "promote_trial",
    "publish_audience",
    "publish_compare",
    "publish_tune",
    "ranked",
    "ranked_ways",
    "run_chosen",
    "run_users",
    "salvage_tune",
    "save_run",
    "save_study",
    "study_from_json",
    "study_history",
    "study_to_json",
    "surely",
    "trial_rows",
    "tune",
    "write_audience",
    "write_comparison",
    "write_trials",
]
