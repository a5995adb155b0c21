"""Compare models on one workspace: gather (in the app), measure (in a worker or in process), store (in the app)."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.evaluate.audience_data import category_column, item_categories
from core.evaluate.codec import comparison_from_json
from core.evaluate.people import people
from core.evaluate.split import Parts, Portion, by_user, draw_users, drawn_numbers, hold_out
from core.evaluate.stored import save_run
from core.evaluate.task import compare_task
from core.evaluate.types import CompareSpec, Comparison
from core.interactions import Array, Interactions, Need, as_bytes, build
from core.progress import Step, no_step
from core.recommend import needs
from core.store import Store, Writer

COMPARE_TASK = "core.evaluate.task:compare_task"


class Finished(Protocol):
    """What a worker left behind, as far as `publish_compare` needs it (core.jobs.Outcome)."""

    @property
    def result(self) -> dict[str, Any]:
        """What the task returned."""

    @property
    def arrays(self) -> Mapping[str, Array]:
        """The arrays among its files."""


def prepare_compare(store: Store, spec: CompareSpec, step: Step = no_step) -> dict[str, Array]:
    """All that `compare_task` needs beside the question: the matrix to fit on and what is held out, without raw ids.

    Raises Refusal `no_interactions`, `nothing_held_out`.
    """
    wanted = needs(*spec.models)
    if spec.split == "k-fold":
        x, parts, users, facts = _folded(store, spec, wanted, step)
        relevant: dict[str, Array] = {}
    else:
        parts = hold_out(
            store, spec.matrix, spec.split, seed=spec.seed, needs=wanted, portion=Portion(spec.share), step=step
        )
        drawn = draw_users(parts, spec.most_users, spec.seed)
        x, users = parts.fit, parts.fit.users.numbers[drawn.users]
        relevant = {"relevant_indptr": drawn.relevant.indptr, "relevant_indices": drawn.relevant.indices}
        pairs, known = int(drawn.relevant.nnz), len(parts.users)
        facts = _facts(parts, users=len(users), users_possible=known, pairs_report=pairs)
    apart = [people(store, by, x, users) for by in spec.segments]
    categories, names = _categories(store) if spec.beyond else ({}, 0)
    told = {
        "split": parts.split,
        "facts": facts,
        "notes": _notes(spec, parts, facts),
        "folds": spec.folds if spec.split == "k-fold" else 0,
        "categories": names,
        "people": [{"by": one.by, "parts": list(one.parts)} for one in apart],
    }
    return {
        **(x if "times" in wanted else replace(x, first_seen=None)).to_arrays(),
        "judged_users": users,
        **relevant,
        **categories,
        "people": np.array([one.part for one in apart], dtype=np.int64).reshape(len(apart), len(users)),
        "told": as_bytes(told),
    }


def _folded(
    store: Store, spec: CompareSpec, wanted: Collection[Need], step: Step
) -> tuple[Interactions, Parts, Array, dict[str, Any]]:
    """The whole matrix, the first fold, the user_no of those judged in any fold, and counts: means over the folds."""
    least = (spec.matrix.least_user_items, spec.matrix.least_item_users)
    x = build(store, replace(spec.matrix, least_user_items=1, least_item_users=1), needs=wanted, step=step)
    folds = [
        by_user(x, "k-fold", seed=spec.seed, least=least, portion=Portion(folds=spec.folds, fold=n))
        for n in range(spec.folds)
    ]
    every = np.unique(np.concatenate([part.fit.users.numbers[part.users] for part in folds]))
    users = drawn_numbers(every, spec.most_users, spec.seed)
    judged = [np.isin(part.fit.users.numbers[part.users], users) for part in folds]
    pairs = sum(int(part.relevant[mine].nnz) for part, mine in zip(folds, judged, strict=True))
    facts = _facts(folds[0], users=len(users), users_possible=len(every), pairs_report=pairs)
    facts |= {
        "users_fit": round(float(np.mean([part.fit.shape[0] for part in folds]))),
        "items_fit": round(float(np.mean([part.fit.shape[1] for part in folds]))),
        "pairs_fit": round(float(np.mean([part.fit.matrix.nnz for part in folds]))),
        **{
            name: sum(int(part.facts[name]) for part in folds)
            for name in ("users_unknown", "items_unknown", "pairs_unknown")
        },
    }
    return x, folds[0], users, facts


def _facts(parts: Parts, **counts: int) -> dict[str, Any]:
    return {
        "users_fit": parts.fit.shape[0],
        "items_fit": parts.fit.shape[1],
        "pairs_fit": int(parts.fit.matrix.nnz),
        **counts,
        **parts.facts,
        "version": parts.fit.version,
    }


def _categories(store: Store) -> tuple[dict[str, Array], int]:
    """item_no and number of the category of each pair of the two, and how many categories there are."""
    column = category_column(store, None)
    if column is None:
        return {}, 0
    items, codes, names = item_categories(store, column[1])
    return ({"category_items": items, "category_codes": codes}, len(names)) if len(names) else ({}, 0)


def publish_compare(writer: Writer, outcome: Finished) -> dict[str, str]:
    """Store what `compare_task` found, with each user's figures. `{"run_id": ...}`."""
    models, arrays = outcome.result["models"], outcome.arrays
    labels = {n: str(model["label"]) for n, model in enumerate(models) if model["problem"] is None}
    metrics = {label: arrays[f"metrics_{n}"] for n, label in labels.items()}
    beyond = {label: arrays[f"beyond_{n}"] for n, label in labels.items() if f"beyond_{n}" in arrays}
    users = outcome.arrays["users"]
    return {"run_id": save_run(writer, "compare", outcome.result, users=users, metrics=metrics, beyond=beyond)}


def compare(store: Store, spec: CompareSpec, *, step: Step = no_step) -> Comparison:
    """The same in this process, without storing anything. Raises as `prepare_compare`."""
    arrays = prepare_compare(store, spec, step.part(0.0, 0.1))
    with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
        return comparison_from_json(compare_task(spec.as_json(), arrays, Path(folder), step.part(0.1, 1.0)))


def _notes(spec: CompareSpec, parts: Parts, facts: Mapping[str, Any]) -> list[str]:
    """What a reader must know about how it was measured."""
    said = []
    if spec.candidates == "sampled":
        said.append(
            "Each list was made from 100 items: one that was held out, and 99 drawn from those the user had not "
            "taken. This is biased: it shows far higher figures than lists made from all items, and can rank models "
            "otherwise. Only compare it with published figures that were made the same way."
        )
    if parts.split == "k-fold":
        said.append(
            f"Each user's items were dealt into {spec.folds} parts by chance, and every model was fitted "
            f"{spec.folds} times, each time without one part: the figures are means over them. Models may learn from "
            "what came later, so they show how well models fill gaps."
        )
    if facts.get("timeless"):
        said.append(
            "These data have no times, so each user's items were held out at random: the figures show how well models "
            "fill gaps, not how well they foresee."
        )
    if parts.split == "random" and spec.split != "random":
        said.append(
            "These data have no times, so one item of each user was held out at random: the figures show how well "
            "models fill gaps, not how well they foresee."
        )
    if parts.split == "time":
        cut, until = str(facts["cut"])[:10], str(facts["until"])[:10]
        said.append(
            f"Models learnt from what happened before {cut}, and were judged by what the same users newly took from "
            f"then to {until}."
        )
    if facts["users_skipped"]:
        users = _counted(facts["users_skipped"], "user")
        said.append(f"{users[0]} with fewer than three items {users[1]} learnt from, but not judged.")
    if parts.split == "leave-last-out" and facts["users_tied"] > 0.2 * len(parts.users):
        share = facts["users_tied"] / len(parts.users)
        said.append(
            f"For {share * 100:.0f} % of users the item held out was taken at the same moment as another (one order, "
            "say, or days without a time): of these the last by its id is held out, so that part of the task is to "
            "complete an order, and the figures hang on how items are named. The split by time asks for the next; the "
            "one by chance does not look at names."
        )
    if facts.get("users_timeless"):
        users = _counted(facts["users_timeless"], "user")
        said.append(f"For {users[0]} no time is known: which of their items was held out was drawn.")
    if facts["pairs_unknown"]:
        pairs = _counted(facts["pairs_unknown"], "held-out pair", "is", "are")
        counts = ((facts["users_unknown"], "user"), (facts["items_unknown"], "item"))
        whose = " or ".join(_counted(n, what)[0] for n, what in counts if n)
        said.append(
            f"{pairs[0]} of user and item {pairs[1]} not judged: {whose} had not been seen before, in the part that "
            "models learn from."
        )
    if facts["users"] < facts["users_possible"]:
        said.append(f"{facts['users']:,} of {facts['users_possible']:,} users were drawn to be judged.")
    return said


def _counted(n: int, what: str, one: str = "was", many: str = "were") -> tuple[str, str]:
    """("1 user", "was"), ("1,200 users", "were")."""
    return f"{n:,} {what}{'' if n == 1 else 's'}", one if n == 1 else many
