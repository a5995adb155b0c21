"""An audience question in a worker: fit, score, choose, count."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Refusal
from core.evaluate.audience_choose import World, model_scores
from core.evaluate.audience_codec import audience_to_json
from core.evaluate.audience_count import Choice, counted
from core.evaluate.audience_types import Audience, AudienceSpec
from core.evaluate.audience_words import Told, notes, verdict
from core.evaluate.verdict import labels
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend import Spec, make


def audience_task(params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step) -> dict[str, Any]:
    """`params` is AudienceSpec.as_json, `arrays` are of prepare_audience; the result is audience_to_json."""
    return audience_to_json(judged(AudienceSpec.from_json(params), arrays, step))


def judged(spec: AudienceSpec, arrays: Mapping[str, Array], step: Step = no_step) -> Audience:
    """The answer, from the arrays of prepare_audience."""
    world = World.of(spec, arrays)
    choices: list[Choice] = []
    uniform: list[str] = []
    for place, (label, model) in enumerate(zip(labels(spec.models), spec.models, strict=True)):
        part = step.part(place / len(spec.models) * 0.95, (place + 1) / len(spec.models) * 0.95)
        choice, same = by_model(world, spec, label, model, part)
        choices.append(choice)
        if same:
            uniform.append(label)
    choices += yardsticks(world, spec.size)
    step.report(0.95, "how sure the figures are")
    targets, ways = counted(world, choices, spec.size, spec.seed)
    cut, until = (datetime.fromisoformat(world.told[name]) for name in ("cut", "until"))
    facts = {
        "cut": cut.isoformat(),
        "until": until.isoformat(),
        "days": (until - cut).total_seconds() / 86400,
        "users": world.x.shape[0],
        "targets_skipped": world.told["skipped"],
        "version": world.x.version,
    }
    bare = sum(not world.has_category(t) for t in range(world.n_targets))
    told = Told(spec, world.told, tuple(targets), tuple(ways), facts, bare, tuple(uniform))
    event = " or ".join(world.told["words"])
    return Audience(spec, event, notes(told), told.targets, told.ways, verdict(told), facts)


def by_model(world: World, spec: AudienceSpec, label: str, model: Spec, step: Step) -> tuple[Choice, bool]:
    """Whom a model chooses, and whether it gives all users the same score; a Refusal becomes the way's problem."""
    begin = time.perf_counter()
    try:
        fitted = make(model).fit(world.x, seed=spec.seed, step=step.part(0.0, 0.6))
        seconds = time.perf_counter() - begin
        rows, same = [], True
        for target, scores in model_scores(fitted, world, step.part(0.6, 1.0)):
            rows.append(world.chosen(scores, target, spec.size))
            said = scores[np.isfinite(scores)]
            same = same and bool(len(said)) and said.min() == said.max()
    except Refusal as refusal:
        return Choice(label, model, (), None, refusal.as_json()), False
    return Choice(label, model, tuple(rows), seconds), same


def yardsticks(world: World, size: int) -> list[Choice]:
    """The heaviest and the latest buyers; chance needs nobody chosen."""
    everyone = range(world.n_targets)
    return [
        Choice("heavy-buyers", None, tuple(world.chosen(world.heavy, t, size) for t in everyone)),
        Choice("recent-category-buyers", None, tuple(world.chosen(world.recency(t), t, size) for t in everyone)),
    ]
