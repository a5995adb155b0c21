"""Tuning: which settings of which model serve best, found on the part of the data that is for choosing."""

from core.evaluate.tuning.codec import study_from_json, study_to_json
from core.evaluate.tuning.prepare import TUNE_TASK, go_on, prepare_tune, publish_tune, tune
from core.evaluate.tuning.reading import ENOUGH, compare_tuned, history, importance, pareto, promote
from core.evaluate.tuning.stored import StoredStudy, delete_study, get_study, list_studies, save_study
from core.evaluate.tuning.tables import trial_rows, write_trials
from core.evaluate.tuning.task import salvage_tune
from core.evaluate.tuning.types import SAMPLERS, TUNE_SPLITS, Study, Trial, TuneSpec

__all__ = [
    "ENOUGH",
    "SAMPLERS",
    "TUNE_SPLITS",
    "TUNE_TASK",
    "StoredStudy",
    "Study",
    "Trial",
    "TuneSpec",
    "compare_tuned",
    "delete_study",
    "get_study",
    "go_on",
    "history",
    "importance",
    "list_studies",
    "pareto",
    "prepare_tune",
    "promote",
    "publish_tune",
    "salvage_tune",
    "save_study",
    "study_from_json",
    "study_to_json",
    "trial_rows",
    "tune",
    "write_trials",
]
