"""Models, tuned, in words: what a study will do, what it found, and what it is called in a list."""

from __future__ import annotations

from core.errors import Refusal
from core.evaluate import Split, StoredStudy, Study, Trial, TuneSpec, grid_points
from core.figures.evaluate import METRIC_NAMES, amount
from core.recommend import Param, ParamValue, Spec, info
from pages._ui import format as fmt

SEARCHES = {"tpe": "Learn as it goes", "random": "At random", "grid": "Grid"}
"""How to search, as the chooser says it."""

SEARCH_HELP = (
    "**Learn as it goes**: each try is drawn near those that did well (TPE); most often the best found soonest. "
    "**At random**: every try is drawn afresh from the whole range. **Grid**: evenly spaced values of every setting, "
    "each with each: thorough, and soon very long."
)
_HIDDEN: dict[Split, str] = {
    "leave-last-out": "each user's latest item, for the final report, and the one before it, for choosing",
    "time": "the last 10 % of time, for the final report, and the 10 % before it, for choosing",
    "random": "two items of each user, drawn by chance: one for the final report and one for choosing",
    "share": "the last fifth of each user's items, for the final report, and the fifth before it, for choosing",
    "k-fold": "a fifth of each user's items, drawn by chance, for choosing; k-fold reports on these too",
}
STATES = {"complete": "judged in full", "pruned": "given up early", "failed": "failed"}
"""How a trial ended."""


def metric_name(spec: TuneSpec) -> str:
    """The metric with the length of its lists."""
    return f"{METRIC_NAMES[spec.metric]}@{spec.k}"


def models_words(spec: TuneSpec) -> str:
    """The models of a study, by their plain names."""
    names = [info(m.model).plain for m in spec.models]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def length_words(spec: TuneSpec) -> str:
    """How long a study goes on. Raises Refusal `grid_too_large`."""
    limits = []
    if spec.trials is not None:
        limits.append(f"{fmt.count(spec.trials, 'trial')}")
    if spec.minutes is not None:
        limits.append(f"{spec.minutes:g} {'minute' if spec.minutes == 1 else 'minutes'}")
    said = " or ".join(limits) + (", whichever comes first" if len(limits) > 1 else "")
    if spec.sampler != "grid":
        return said
    points = fmt.count(grid_points(spec), "point")
    return f"all {points} of the grid" if not said else f"{said}, of the {points} of the grid"


def plan(spec: TuneSpec) -> str:
    """What will happen, in one paragraph; where it cannot, why."""
    try:
        length = length_words(spec)
    except Refusal as refusal:
        return f"{refusal.message} {refusal.hint}"
    users = "all users" if spec.most_users is None else f"up to {fmt.number(spec.most_users)} users"
    starts = "Its usual settings come" if len(spec.models) == 1 else "The usual settings of each come"
    return (
        f"Settings of {models_words(spec)} are tried one after another: {length}. {starts} first. Hidden from every "
        f"try: {_HIDDEN[spec.split]}. Each is judged by {users}, by its {metric_name(spec)} on what is for choosing. "
        "What is for the final report is never looked at here, so that “What did tuning gain?” can be answered "
        "honestly afterwards."
    )


def study_label(kept: StoredStudy) -> str:
    """How a study is told from the others in a list."""
    spec = kept.study.spec
    first, others = info(spec.models[0].model).plain, len(spec.models) - 1
    models = first if not others else f"{first} and {fmt.count(others, 'more model')}"
    said = f"{fmt.moment(kept.updated_at)} UTC · {fmt.count(len(kept.study.trials), 'trial')} · {models}"
    return said + (" · data have changed since" if kept.stale else "")


def headline(study: Study) -> str:
    """What the study found, in one or two sentences."""
    best = study.best
    if best is None:
        return "No settings came to their end. Look at why they failed, below."
    name, metric = info(best.spec.model).plain, metric_name(study.spec)
    few = (
        f" Only {fmt.count(best.users, 'user')} could judge it: small differences say nothing."
        if best.users < 100
        else ""
    )
    start = study.start_of(best.spec.model)
    value = amount(study.spec.metric, best.value)
    if start is not None and start.spec == best.spec:
        return (
            f"{name} is best with the settings it came with. Nothing that was tried beat its {metric} of {value}.{few}"
        )
    change = fmt.delta(best.value, start.value) if start and start.state == "complete" else None
    if start is None or change is None:
        return f"{name} reaches the highest {metric}: {value}.{few}"
    return (
        f"Tuned, {name} reaches the highest {metric}: {value}. That is {change} against the "
        f"{amount(study.spec.metric, start.value)} of its usual settings, on the users whom they were chosen by.{few}"
    )


def playing(spec: Spec) -> list[Param]:
    """The settings that play a part beside the others."""
    values = dict(spec.params)
    return [p for p in info(spec.model).params if p.plays(values)]


def value_words(value: ParamValue) -> str:
    """A setting's value as people read it.

    >>> value_words(True), value_words(20.0), value_words(0.03125), value_words(1200), value_words("log")
    ('yes', '20', '0.03125', '1,200', 'log')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if isinstance(value, float) else str(value)


def changed_words(trial: Trial, start: Spec) -> str:
    """The settings that differ from where the search started, as part of a sentence."""
    told = [f"{p.plain.lower()}: {value_words(trial.spec[p.name])}" for p in playing(trial.spec)
            if trial.spec[p.name] != start[p.name]]  # fmt: skip
    return ", ".join(told) or "the settings it came with"


def trial_label(trial: Trial) -> str:
    """A trial with its model."""
    return f"Trial {trial.number}: {info(trial.spec.model).plain}"
