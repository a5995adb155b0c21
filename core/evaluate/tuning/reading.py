"""What a study says: the best, what mattered, what it costs, and what to do with it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Literal

import numpy as np

from core.errors import Refusal
from core.evaluate.tuning.space import axes
from core.evaluate.tuning.types import TUNE_SPLITS, Study, Trial
from core.evaluate.types import CompareSpec
from core.recommend import FitSpec, Spec

Against = Literal["seconds", "coverage"]
ENOUGH = 10
"""Complete trials of a model from which on it is told what mattered."""


def history(study: Study) -> list[tuple[int, float | None]]:
    """For each trial its number and the best value so far; None before the first complete one."""
    found: list[tuple[int, float | None]] = []
    best: float | None = None
    for trial in study.trials:
        if trial.state == "complete" and trial.value is not None:
            best = trial.value if best is None else max(best, trial.value)
        found.append((trial.number, best))
    return found


def pareto(study: Study, against: Against = "seconds") -> tuple[Trial, ...]:
    """The complete trials that no other beats: none is at least as accurate and as quick (covers as much), and better
    in one of the two. The most accurate first; repeated settings are left out.
    """
    trials = [t for t in study.complete if t.same_as is None]
    value = np.array([t.value for t in trials], dtype=np.float64)
    other = np.array([-(t.seconds or 0.0) if against == "seconds" else t.coverage or 0.0 for t in trials])
    front: list[Trial] = []
    best, level = -np.inf, -np.inf  # the highest `other` so far, and the value at which it was reached
    for place in np.lexsort((-other, -value)):
        if other[place] > best or (other[place] == best and value[place] == level):
            front.append(trials[place])
            best, level = other[place], value[place]
    return tuple(front)


def importance(study: Study, model: str | None = None) -> Mapping[str, Mapping[str, float]]:
    """Model -> parameter -> the share of the metric's spread over the settings tried that it explains by itself.

    Shares of a model add up to 1, the greatest first. A model with fewer than ENOUGH different complete trials is left
    out, and so is one of which all trials came out alike.
    """
    found = worked_out(study) if study.importance is None else study.importance
    return found if model is None else {name: shares for name, shares in found.items() if name == model}


def worked_out(study: Study) -> dict[str, dict[str, float]]:
    """`importance` by functional ANOVA of a forest (Hutter, Hoos and Leyton-Brown 2014, as optuna has it)."""
    return {start.model: shares for start in study.spec.models if (shares := _shares(study, start))}


def _shares(study: Study, start: Spec) -> dict[str, float]:
    trials = [t for t in study.complete if t.same_as is None and t.spec.model == start.model]
    values = [t.value for t in trials]
    walked = axes(study.spec, start)
    moved = [a for a in walked if len({t.spec[a.param.name] for t in trials}) > 1]
    if len(trials) < ENOUGH or len(set(values)) < 2 or not moved:
        return {}
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # a parameter that played no part stands at the start's value in every trial, so that all trials have all of them
    distributions = {a.param.name: a.distribution() for a in moved}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = optuna.create_study(direction="maximize")
        for t in trials:
            params = {name: t.spec[name] for name in distributions}
            if all(d._contains(d.to_internal_repr(params[name])) for name, d in distributions.items()):
                made.add_trial(optuna.trial.create_trial(value=t.value, params=params, distributions=distributions))
        if len(made.trials) < ENOUGH:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=study.spec.seed)
        try:
            told = optuna.importance.get_param_importances(made, evaluator=evaluator)
        except RuntimeError:  # the forest found no spread at all
            return {}
    return {name: float(share) for name, share in told.items()}


def promote(study: Study, number: int | None = None) -> FitSpec:
    """What to fit for use: the settings of a trial (without one: of the best), on all of the data.

    Raises Refusal `unknown_trial`, `nothing_tried` where no trial is complete.
    """
    trial = _best(study) if number is None else study.trial(number)
    return FitSpec(trial.spec, study.spec.matrix, study.spec.seed)


def compare_tuned(study: Study) -> CompareSpec:
    """What tuning gained, on data that it never saw: each model's best settings and its start, on the report part.

    Raises Refusal `nothing_tried`, `no_report_part` (a study of an earlier version, by k-fold).
    """
    _best(study)
    if study.spec.split not in TUNE_SPLITS:
        raise Refusal(
            "no_report_part",
            "This study chose by k-fold, which reports on every item: nothing is left that it never saw.",
            "Tune again with another split.",
        )
    spec, starts = study.spec, {m.model: m for m in study.spec.models}
    pairs = [(trial.spec, starts[model]) for model, trial in study.best_by_model.items()]
    models = dict.fromkeys(one for pair in pairs for one in pair)  # a start that is the best stands in it once
    return CompareSpec(tuple(models), spec.matrix, spec.split, spec.k, spec.seed)


def _best(study: Study) -> Trial:
    if study.best is None:
        raise Refusal(
            "nothing_tried", "No trial of this study came to its end.", "Look at why they failed, or go on with it."
        )
    return study.best
