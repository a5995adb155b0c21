"""How well newcomers are served: gather (in the app), measure (in a worker or in process), store (in the app).

Users: those whom the split would judge are taken out of the data altogether; each is then met as if new, with the first
none, one or two of their items, and answered by the road that would be used (core.recommend.roads). Right is what they
went on to take. Items: a drawn tenth is hidden from the data, and content is asked who would take them.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.errors import Refusal
from core.evaluate.compare import Finished
from core.evaluate.newcomers_task import newcomers_task
from core.evaluate.newcomers_types import Newcomers, NewcomersSpec, newcomers_from_json
from core.evaluate.split import Parts, draw_users, hold_out
from core.evaluate.stored import save_run
from core.interactions import Array, Need, as_bytes
from core.progress import Step, no_step
from core.recommend import needs
from core.store import Store, Writer

NEWCOMERS_TASK = "core.evaluate.newcomers_task:newcomers_task"
LEAST_USERS = 10
SHARE = 1 / 3
"""Of all users with behaviour, how many are judged at most: models learn from the others alone."""
LEAST_ITEMS = 2
"""Items that a judged user must have had before what is held out: the two that they are left with at most."""


def prepare_newcomers(store: Store, spec: NewcomersSpec, step: Step = no_step) -> dict[str, Array]:
    """All that `newcomers_task` needs beside the question, without raw ids.

    Raises Refusal `no_interactions`, `nothing_held_out`, `too_few_users`.
    """
    sides: frozenset[Need] = frozenset({"user_side", "item_side"})
    asked = needs(*spec.models) | sides
    parts = hold_out(store, spec.matrix, spec.split, seed=spec.seed, needs=asked, step=step)
    enough = np.diff(parts.fit.matrix.indptr)[parts.users] >= LEAST_ITEMS
    able = replace(parts, users=parts.users[enough], relevant=parts.relevant[np.flatnonzero(enough)])
    active = np.flatnonzero(np.diff(parts.fit.matrix.indptr))
    drawn = draw_users(able, min(spec.most_users, max(LEAST_USERS, int(SHARE * len(active)))), spec.seed)
    others = len(np.setdiff1d(active, drawn.users))
    if len(drawn.users) < LEAST_USERS or others < LEAST_USERS:
        raise Refusal(
            "too_few_users",
            f"Of {_users(len(active))} with behaviour {len(able.users):,} have enough to be met as if they were new: "
            f"at least {LEAST_USERS} must have, and as many others be left to learn from.",
            "It takes three different items of a user and some time: load more data, or look at a longer period.",
        )
    facts = {
        "users": len(drawn.users),
        "users_possible": len(able.users),
        "users_fit": others,
        "items_fit": parts.fit.shape[1],
        "cut": parts.facts["cut"],
        "until": parts.facts["until"],
        "version": parts.fit.version,
    }
    return {
        **parts.fit.to_arrays(),
        "judged_rows": drawn.users,
        "relevant_indptr": drawn.relevant.indptr,
        "relevant_indices": drawn.relevant.indices,
        "told": as_bytes({"split": parts.split, "facts": facts, "notes": _notes(spec, parts, drawn, able, others)}),
    }


def publish_newcomers(writer: Writer, outcome: Finished) -> dict[str, str]:
    """Store what `newcomers_task` found. `{"run_id": ...}`."""
    return {"run_id": save_run(writer, "newcomers", outcome.result)}


def newcomers(store: Store, spec: NewcomersSpec, *, step: Step = no_step) -> Newcomers:
    """The same in this process, without storing anything. Raises as `prepare_newcomers`."""
    arrays = prepare_newcomers(store, spec, step.part(0.0, 0.1))
    with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
        return newcomers_from_json(newcomers_task(spec.as_json(), arrays, Path(folder), step.part(0.1, 1.0)))


def _notes(spec: NewcomersSpec, parts: Parts, drawn: Parts, able: Parts, others: int) -> list[str]:
    said = [
        f"Everything that the {len(drawn.users):,} users judged did was taken out of the data: models learnt from the "
        f"other {_users(others)}. They were then met with none, one and two of their first items; right is what they "
        "took after these."
    ]
    if parts.split == "random":
        said.append(
            "Which items of a user came first was drawn"
            + (", as was asked." if spec.split == "random" else ": these data have no times.")
        )
    if len(drawn.users) < len(able.users):
        said.append(
            f"{len(drawn.users):,} of {len(able.users):,} users were drawn to be judged"
            + (
                ", a third of all, so that enough are left to learn from."
                if len(drawn.users) < spec.most_users
                else "."
            )
        )
    return said


def _users(n: int) -> str:
    return "1 user" if n == 1 else f"{n:,} users"
