"""Models, in words: splits, periods of runs, what a run asked, and names."""

from __future__ import annotations

from datetime import datetime

from core.evaluate import (
    CompareSpec,
    Comparison,
    Newcomers,
    NewcomersSpec,
    RatingsComparison,
    RatingsSpec,
    Run,
    Split,
    ranked_ways,
)
from core.figures.evaluate import way_name
from core.recommend import Param, Spec, info
from pages._ui import format as fmt
from pages._ui.models_parts import kind_of, parts_words

SPLIT_NAMES: dict[Split, str] = {
    "leave-last-out": "Each user's latest item",
    "time": "The last 10 % of time",
    "random": "A random item of each user",
    "share": "A share of each user's items",
    "k-fold": "Every item in turn",
}
"""What is hidden from the models, as the chooser says it."""

SPLIT_HELP = (
    "**Each user's latest item**: what each user came to last is hidden, wherever in time it lies. "
    "**The last 10 % of time**: models see what came before a day, and are judged on what came after it: nearest to "
    "using them. **A random item**: for data without times; it flatters models, since they may learn from later "
    "events. **A share of each user's items**: the last of them, several a user, so that recall says more. **Every "
    "item in turn**: the data are dealt into parts, and each is hidden once: all are used, and it takes as many times "
    "as long."
)

_TOLD: dict[Split, str] = {
    "leave-last-out": "each user's latest item was hidden",
    "time": "the last 10 % of time was hidden",
    "random": "one item of each user, drawn by chance, was hidden",
    "share": "the last part of each user's items was hidden",
    "k-fold": "each part of every user's items was hidden in turn",
}


def split_words(split: Split) -> str:
    """What was hidden, as part of a sentence."""
    return _TOLD[split]


def split_title(asked: CompareSpec) -> str:
    """What is hidden, with how much of it where that is a choice."""
    if asked.split == "share":
        return f"The last {asked.share * 100:.0f} % of each user's items"
    if asked.split == "k-fold":
        return f"Every item in turn, in {asked.folds} parts"
    return SPLIT_NAMES[asked.split]


def run_label(run: Run) -> str:
    """How a run is told from the others in a list."""
    return f"{fmt.moment(run.created_at)} UTC · {run_title(run)}" + (" · data have changed since" if run.stale else "")


def run_title(run: Run) -> str:
    """What a run compared or checked, in a few words."""
    asked = run.answer.spec
    models = fmt.count(len(asked.models), "model")
    if isinstance(asked, CompareSpec):
        among = " among 100" if asked.candidates == "sampled" else ""
        return f"{models}, {split_title(asked).lower()}, lists of {asked.k}{among}"
    if isinstance(asked, NewcomersSpec):
        return f"{models}, newcomers, lists of {asked.k}"
    if isinstance(asked, RatingsSpec):
        return f"{models}, predicted ratings, {asked.folds} parts"
    return f"{models}, {fmt.number(asked.size)} users for each {asked.of}"


def short_verdict(run: Run) -> str:
    """What a run found, in a few words."""
    found = run.answer
    if isinstance(found, Comparison):
        names = {m.label: way_name(m.label, m.spec) for m in found.models}
        if found.verdict.winner is not None:
            return f"Ahead of all: {names[found.verdict.winner]}"
        best = [names[name] for name in found.verdict.tied]
        return f"No winner among {', '.join(best)}" if len(best) > 1 else ", ".join(best)
    if isinstance(found, Newcomers):
        return found.verdict.split(". ")[0].rstrip(".")
    if isinstance(found, RatingsComparison):
        return found.verdict.text.partition(": ")[0]
    best_way = next((w for w in ranked_ways(found) if w.spec is not None and w.lift), None)
    if best_way is None or best_way.lift is None:
        return fmt.NONE
    return f"{way_name(best_way.way, best_way.spec)}: {best_way.lift.value:.1f} times chance"


def spec_title(spec: Spec) -> str:
    """A model's plain name, with those settings that are not the usual ones."""
    line = info(spec.model)
    changed = [f"{p.plain.lower()} {_setting(spec, p)}" for p in line.params if spec[p.name] != p.default]
    return line.plain + (f" ({', '.join(changed)})" if changed else "")


def _setting(spec: Spec, param: Param) -> str:
    """A parameter's value in words: what a blend is made of by the models' names."""
    if param.kind == "text" and info(spec.model).family == "blend":
        return parts_words(str(spec[param.name]), kind_of(spec.model))
    return str(spec[param.name])


def way_words(label: str, spec: Spec | None) -> str:
    """A model or way of choosing in the middle of a sentence."""
    return f"“{way_name(label, spec)}”"


def p_words(p: float) -> str:
    """A p value with the digits it deserves.

    >>> p_words(0.00002), p_words(0.0312)
    ('p < 0.001', 'p = 0.031')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def when(moment: datetime) -> str:
    """When something was made, in UTC."""
    return f"{fmt.moment(moment)} UTC"
