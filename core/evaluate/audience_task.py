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
    """`params` is AudienceSpec.as_json, `arrays` are of prepare_audience; the result is audience_to_json.

    Leaves in `folder` whom each way chose, arrays of equal length: chosen_way (int16, place in Audience.ways),
    chosen_target (int32, place in Audience.targets), chosen_user (int32, user_no), chosen_took (bool).
    """
    spec = AudienceSpec.from_json(params)
    world, choices = chosen(spec, arrays, step.part(0.0, 0.95))
    for name, array in _members(world, choices).items():
        np.save(folder / f"chosen_{name}.npy", array, allow_pickle=False)
    step.report(0.95, "how sure the figures are")
    return audience_to_json(_answer(spec, world, choices))


def judged(spec: AudienceSpec, arrays: Mapping[str, Array], step: Step = no_step) -> Audience:
    """The answer, from the arrays of prepare_audience."""
    world, choices = chosen(spec, arrays, step.part(0.0, 0.95))
    step.report(0.95, "how sure the figures are")
    return _answer(spec, world, choices)


def chosen(spec: AudienceSpec, arrays: Mapping[str, Array], step: Step = no_step) -> tuple[World, list[Choice]]:
    """Whom every model and every yardstick but chance would have chosen."""
    world = World.of(spec, arrays)
    choices: list[Choice] = []
    for place, (label, model) in enumerate(zip(labels(spec.models), spec.models, strict=True)):
        part = step.part(place / len(spec.models), (place + 1) / len(spec.models))
        choices.append(by_model(world, spec, label, model, part))
    return world, choices + yardsticks(world, spec.size)


def _answer(spec: AudienceSpec, world: World, choices: list[Choice]) -> Audience:
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
    told = Told(spec, world.told, tuple(targets), tuple(ways), facts, bare, tuple(c.way for c in choices if c.uniform))
    event = " or ".join(world.told["words"])
    return Audience(spec, event, notes(told), told.targets, told.ways, verdict(told), facts)


def by_model(world: World, spec: AudienceSpec, label: str, model: Spec, step: Step) -> Choice:
    """Whom a model chooses; a Refusal becomes the way's problem."""
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
        return Choice(label, model, (), None, refusal.as_json())
    return Choice(label, model, tuple(rows), seconds, uniform=same)


def yardsticks(world: World, size: int) -> list[Choice]:
    """The heaviest and the latest buyers; chance needs nobody chosen."""
    everyone = range(world.n_targets)
    return [
        Choice("heavy-buyers", None, tuple(world.chosen(world.heavy, t, size) for t in everyone)),
        Choice("recent-category-buyers", None, tuple(world.chosen(world.recency(t), t, size) for t in everyone)),
    ]


def _members(world: World, choices: list[Choice]) -> dict[str, Array]:
    """Whom each way chose, one entry for each user, way and target."""
    none = np.empty(0, dtype=np.int64)
    ways, targets, users, took = [none], [none], [none], [none.astype(bool)]
    taken = [world.taken(t) for t in range(world.n_targets)]
    for way, choice in enumerate(choices):
        for target, rows in enumerate(choice.rows):
            ways.append(np.full(len(rows), way))
            targets.append(np.full(len(rows), target))
            users.append(world.x.users.numbers[rows])
            took.append(taken[target][rows])
    return {
        "way": np.concatenate(ways).astype(np.int16),
        "target": np.concatenate(targets).astype(np.int32),
        "user": np.concatenate(users).astype(np.int32),
        "took": np.concatenate(took),
    }
