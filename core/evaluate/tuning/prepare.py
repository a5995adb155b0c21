"""Tune on one workspace: gather (in the app), try (in a worker or in process), store (in the app)."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from core.errors import Refusal
from core.evaluate.split import Parts, draw_users, hold_out
from core.evaluate.tuning.codec import study_from_json, study_to_json
from core.evaluate.tuning.stored import StoredStudy, get_study, save_study
from core.evaluate.tuning.task import salvage_tune, tune_task
from core.evaluate.tuning.types import Study, TuneSpec
from core.interactions import Array, Need, as_bytes
from core.progress import Step, no_step
from core.recommend import info, needs
from core.store import Store, Writer

TUNE_TASK = "core.evaluate.tuning.task:tune_task"


class Finished(Protocol):
    """What a worker left behind, as far as `publish_tune` needs it (core.jobs.Outcome)."""

    @property
    def result(self) -> dict[str, Any]:
        """What the task returned, or what could be saved of it."""


def prepare_tune(
    store: Store, spec: TuneSpec, *, study_id: str | None = None, step: Step = no_step
) -> dict[str, Array]:
    """All that `tune_task` needs beside the question: the matrix to fit on and what to choose by, without raw ids.

    Nothing of the report part is in it. `study_id`: go on with this stored study, whose question must be the same but
    for its length (`go_on` makes it).
    Raises Refusal `no_interactions`, `nothing_held_out`, `unknown_study_id`, `stale_study`, `other_study`.
    """
    earlier = None if study_id is None else _earlier(get_study(store, study_id), spec)
    wanted = asked_for(spec)
    parts = hold_out(store, spec.matrix, spec.split, seed=spec.seed, part="choose", needs=wanted, step=step)
    drawn = draw_users(parts, spec.most_users, spec.seed)
    facts = {
        "users_fit": parts.fit.shape[0],
        "items_fit": parts.fit.shape[1],
        "pairs_fit": int(parts.fit.matrix.nnz),
        "users": len(drawn.users),
        "users_possible": len(parts.users),
        "pairs_choose": int(drawn.relevant.nnz),
        **parts.facts,
        "version": parts.fit.version,
    }
    told = {
        "split": parts.split,
        "facts": facts,
        "notes": _notes(spec, parts, len(drawn.users)),
        "study_id": study_id,
        "earlier": None if earlier is None else study_to_json(earlier),
    }
    return {
        **(parts.fit if "times" in wanted else replace(parts.fit, first_seen=None)).to_arrays(),
        "judged_rows": drawn.users,
        "relevant_indptr": drawn.relevant.indptr,
        "relevant_indices": drawn.relevant.indices,
        "told": as_bytes(told),
    }


def publish_tune(writer: Writer, outcome: Finished) -> dict[str, Any]:
    """Store what `tune_task` found, or what `salvage_tune` saved: `{"study_id": ..., "trials": ...}`."""
    answer = outcome.result
    return {"study_id": save_study(writer, answer, answer.get("study_id")), "trials": len(answer["trials"])}


def tune(
    store: Store, spec: TuneSpec, *, study_id: str | None = None, step: Step = no_step
) -> tuple[Study, dict[str, Any]]:
    """The same in this process, without storing anything: the study, and its JSON for `save_study`.

    Cut short by Ctrl-C (KeyboardInterrupt) it answers with the trials done until then, if there are any.
    Raises as `prepare_tune` and `tune_task`, and Cancelled.
    """
    arrays = prepare_tune(store, spec, study_id=study_id, step=step.part(0.0, 0.05))
    with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
        try:
            answer = tune_task(spec.as_json(), arrays, Path(folder), step.part(0.05, 1.0))
        except KeyboardInterrupt:
            saved = salvage_tune(Path(folder))
            if saved is None:
                raise
            answer = saved
    return study_from_json(answer), answer


def go_on(stored: StoredStudy, trials: int | None = None, minutes: float | None = None) -> TuneSpec:
    """The question of a study that goes on for so many more trials, or minutes. Raises Refusal `bad_tuning`."""
    whole = None if trials is None else len(stored.study.trials) + trials
    return replace(stored.study.spec, trials=whole, minutes=minutes)


def asked_for(spec: TuneSpec) -> frozenset[Need]:
    """What the models ask for beside the matrix with any of the settings that are walked."""
    found = set(needs(*spec.models))
    for model in spec.models:
        found |= {need for need, param in info(model.model).needs.items() if param and spec.walks(model.model, param)}
    return frozenset(found)


def _earlier(stored: StoredStudy, spec: TuneSpec) -> Study:
    if stored.stale:
        raise Refusal(
            "stale_study",
            "The data have changed since this study, so its trials and new ones could not be compared.",
            "Start a new study, with the best settings of this one as its start.",
        )
    same = replace(stored.study.spec, trials=spec.trials, minutes=spec.minutes)
    if same != spec:
        raise Refusal(
            "other_study",
            "This study asked something else: models, data, split, metric and seed must stay as they are.",
            "Change only how long it goes on, or start a new study.",
        )
    return stored.study


def _notes(spec: TuneSpec, parts: Parts, judged: int) -> list[str]:
    said = [
        "Settings were judged by the part of the data that is for choosing; what is for the final report was not "
        "looked at."
    ]
    if parts.split == "random" and spec.split != "random":
        said.append(
            "These data have no times, so one item of each user was held out at random: settings were chosen for "
            "filling gaps, not for foreseeing."
        )
    if judged < len(parts.users):
        said.append(f"{judged:,} of {len(parts.users):,} users were drawn to judge by.")
    return said
