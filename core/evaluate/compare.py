"""Compare models on one workspace: gather (in the app), measure (in a worker or in process), store (in the app)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from core.evaluate.codec import comparison_from_json
from core.evaluate.split import Parts, draw_users, hold_out
from core.evaluate.stored import save_run
from core.evaluate.task import compare_task
from core.evaluate.types import CompareSpec, Comparison
from core.interactions import Array, as_bytes
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
    parts = hold_out(store, spec.matrix, spec.split, seed=spec.seed, needs=wanted, step=step)
    drawn = draw_users(parts, spec.most_users, spec.seed)
    pairs = int(drawn.relevant.nnz)
    facts = {
        "users_fit": parts.fit.shape[0],
        "items_fit": parts.fit.shape[1],
        "pairs_fit": int(parts.fit.matrix.nnz),
        "users": len(drawn.users),
        "users_possible": len(parts.users),
        "pairs_report": pairs,
        **parts.facts,
        "version": parts.fit.version,
    }
    told = {"split": parts.split, "facts": facts, "notes": _notes(spec, parts, len(drawn.users))}
    return {
        **(parts.fit if "times" in wanted else replace(parts.fit, first_seen=None)).to_arrays(),
        "judged_rows": drawn.users,
        "relevant_indptr": drawn.relevant.indptr,
        "relevant_indices": drawn.relevant.indices,
        "told": as_bytes(told),
    }


def publish_compare(writer: Writer, outcome: Finished) -> dict[str, str]:
    """Store what `compare_task` found, with each user's figures. `{"run_id": ...}`."""
    labels = [str(model["label"]) for model in outcome.result["models"] if model["problem"] is None]
    metrics = {label: outcome.arrays[f"metrics_{label}"] for label in labels}
    return {"run_id": save_run(writer, "compare", outcome.result, users=outcome.arrays["users"], metrics=metrics)}


def compare(store: Store, spec: CompareSpec, *, step: Step = no_step) -> Comparison:
    """The same in this process, without storing anything. Raises as `prepare_compare`."""
    arrays = prepare_compare(store, spec, step.part(0.0, 0.1))
    with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
        return comparison_from_json(compare_task(spec.as_json(), arrays, Path(folder), step.part(0.1, 1.0)))


def _notes(spec: CompareSpec, parts: Parts, judged: int) -> list[str]:
    """What a reader must know about how it was measured."""
    facts, said = parts.facts, []
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
    if facts["users_tied"] > 0.2 * len(parts.users):
        share = facts["users_tied"] / len(parts.users)
        said.append(
            f"For {share * 100:.0f} % of users the item held out was taken at the same moment as another (one order, "
            "say): part of the task is to complete an order, which is easier than to foresee the next. The split by "
            "time asks for the next."
        )
    if facts["pairs_unknown"]:
        pairs = _counted(facts["pairs_unknown"], "held-out pair", "is", "are")
        counts = ((facts["users_unknown"], "user"), (facts["items_unknown"], "item"))
        whose = " or ".join(_counted(n, what)[0] for n, what in counts if n)
        said.append(
            f"{pairs[0]} of user and item {pairs[1]} not judged: {whose} had not been seen before, in the part that "
            "models learn from."
        )
    if judged < len(parts.users):
        said.append(f"{judged:,} of {len(parts.users):,} users were drawn to be judged.")
    return said


def _counted(n: int, what: str, one: str = "was", many: str = "were") -> tuple[str, str]:
    """("1 user", "was"), ("1,200 users", "were")."""
    return f"{n:,} {what}{'' if n == 1 else 's'}", one if n == 1 else many
