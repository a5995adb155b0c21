"""The part of a study that computes: try settings one after the other. Runs in a worker.

Each trial is written to the folder as it ends, so that what is done is kept when the study is cut short: `salvage_tune`
makes of such a folder what `tune_task` would have returned.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate.tuning.codec import packed, study_from_json, study_to_json, trial_from_json, trial_to_json, unpacked
from core.evaluate.tuning.explore import Explorer
from core.evaluate.tuning.judge import Judge
from core.evaluate.tuning.reading import worked_out
from core.evaluate.tuning.types import Ended, Study, Trial, TuneSpec, best_of
from core.interactions import Array, Interactions, from_bytes
from core.progress import Cancelled, Step, no_step
from core.recommend import info

_HEAD, _BEST = "study.json", "best.npy"
_LEEWAY = (0.1, 5.0)  # a trial at work when the time is up may take so much longer: share of the limit, seconds


def tune_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """`study_to_json` of the answer to the TuneSpec `params`, with its `study_id` where one is taken up again.

    `arrays` as `prepare_tune` makes them. Raises Refusal `nothing_tried` where the time was too short for one trial.
    """
    search = Search.of(TuneSpec.from_json(params), arrays, folder)
    ended = search.run(step)
    if not search.trials:
        raise Refusal(
            "nothing_tried",
            f"Not one trial was finished within {search.spec.minutes or 0:g} minutes.",
            "Give more minutes, fewer users to judge by, or a quicker model.",
        )
    found = salvage_tune(folder, ended, search.stopped)
    assert found is not None
    return found


def salvage_tune(folder: Path, ended: Ended = "stopped", late: bool = False) -> dict[str, Any] | None:
    """What the trials in the folder make together, with those before it; None where no trial was finished in it."""
    files = sorted(folder.glob("trial-*.json"))
    try:
        head = json.loads((folder / _HEAD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    before = study_from_json(head["study"])
    if not files and not (before.trials and ended != "stopped"):
        return None
    new = [trial_from_json(json.loads(file.read_text(encoding="utf-8"))) for file in files]
    best = np.load(folder / _BEST, allow_pickle=False) if (folder / _BEST).exists() else None
    notes = [*before.notes, *([_LATE] if late else [])]
    study = replace(
        before, trials=(*before.trials, *new), ended=ended, notes=tuple(dict.fromkeys(notes)), best_each=packed(best)
    )
    study = replace(study, importance=worked_out(study))
    return {**study_to_json(study), **({"study_id": head["study_id"]} if head["study_id"] else {})}


@dataclass
class Search:
    """A study at work."""

    spec: TuneSpec
    judge: Judge
    folder: Path
    trials: list[Trial] = field(default_factory=list)
    stopped: bool = False
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, spec: TuneSpec, arrays: Mapping[str, Array], folder: Path) -> Search:
        """With what `prepare_tune` made; the head of the study is written to the folder."""
        told = from_bytes(arrays["told"])
        rows = np.asarray(arrays["judged_rows"])
        x = Interactions.from_arrays(arrays)
        indptr, indices = np.asarray(arrays["relevant_indptr"]), np.asarray(arrays["relevant_indices"])
        ones = np.ones(len(indices), dtype=np.float32)
        relevant = csr_matrix((ones, indices, indptr), shape=(len(rows), x.shape[1]))
        earlier = study_from_json(told["earlier"]) if told["earlier"] else None
        trials = earlier.trials if earlier else ()
        best = unpacked(earlier.best_each) if earlier else None
        head = Study(spec, told["split"], tuple(told["notes"]), trials, told["facts"], "stopped")
        text = json.dumps({"study": study_to_json(head), "study_id": told["study_id"]}, allow_nan=False)
        (folder / _HEAD).write_text(text, encoding="utf-8")
        judge = Judge(spec, x, rows, relevant, best if best is not None and len(best) == len(rows) else None)
        if judge.best is not None:
            np.save(folder / _BEST, judge.best, allow_pickle=False)
        return cls(spec, judge, folder, list(trials))

    def run(self, step: Step) -> Ended:
        """Try settings until the trials, the time or the grid are at their end. Raises Cancelled."""
        explorer = Explorer(self.spec, self.trials)
        began, first = self.clock(), len(self.trials)
        limit = None if self.spec.minutes is None else 60.0 * self.spec.minutes
        tried = {t.spec: t for t in reversed(self.trials)}
        while self.spec.trials is None or len(self.trials) < self.spec.trials:
            passed = self.clock() - began
            if limit is not None and passed >= limit:
                return "time"
            step.report(self._share(first, passed, limit), self._said())
            proposed = explorer.propose(len(self.trials))
            if proposed is None:
                return "grid"
            trial = Trial(len(self.trials), proposed[0], "failed", point=proposed[1])
            trial = replace(trial, start=trial.number < len(self.spec.models))
            same = tried.get(trial.spec)
            if same is None:
                mine = _Bounded(step, self, first, passed, limit, began)
                try:
                    trial, each = self.judge.tried(trial, self.trials, mine)
                except Cancelled:
                    step.check()  # a person's wish is passed on; the time's is not
                    self.stopped = True
                    return "time"
                self._crown(trial, each)
                tried[trial.spec] = trial
            else:
                mark = same.number if same.same_as is None else same.same_as
                trial = replace(same, number=trial.number, point=trial.point, start=False, same_as=mark)
            self._keep(trial)
            explorer.tell(trial)
        return "trials"

    def _crown(self, trial: Trial, each: Array | None) -> None:
        """Keep each user's figures of the best so far: those that come are compared with it on the same users."""
        best = best_of([t for t in self.trials if t.state == "complete"])
        if each is None or (best is not None and self.judge.best is not None and trial.value <= best.value):  # type: ignore[operator]
            return
        self.judge.best = each
        part = self.folder / "best.part"
        with part.open("wb") as file:
            np.save(file, each, allow_pickle=False)
        part.replace(self.folder / _BEST)

    def _keep(self, trial: Trial) -> None:
        self.trials.append(trial)
        part = self.folder / "trial.part"
        part.write_text(json.dumps(trial_to_json(trial), allow_nan=False), encoding="utf-8")
        part.replace(self.folder / f"trial-{trial.number:05d}.json")

    def _share(self, first: int, passed: float, limit: float | None, within: float = 0.0) -> float:
        """How much is done: of the trials or of the time, whichever is nearer its end."""
        done = len(self.trials) - first + within
        of_trials = done / max(1, self.spec.trials - first) if self.spec.trials else 0.0
        return min(0.99, max(of_trials, passed / limit if limit else 0.0))

    def _said(self) -> str:
        whole = f" of {self.spec.trials:,}" if self.spec.trials else ""
        best = best_of([t for t in self.trials if t.state == "complete"])
        said = f"{len(self.trials):,}{whole} trials done"
        if best is None or best.value is None:
            return said
        return f"{said}, best {_metric(self.spec)} {best.value:.4f} ({info(best.spec.model).plain})"


class _Bounded(Step):
    """Progress of one trial, which ends when the person or the time says so."""

    def __init__(
        self, step: Step, search: Search, first: int, passed: float, limit: float | None, began: float
    ) -> None:
        self._step, self._search, self._note = step, search, search._said()
        self._place = (first, passed, limit)
        share, least = _LEEWAY
        self._end = None if limit is None else began + limit + max(share * limit, least)

    def cancelled(self) -> bool:
        return self._step.cancelled() or (self._end is not None and self._search.clock() > self._end)

    def _tell(self, share: float, note: str) -> None:
        self._step.report(self._search._share(*self._place, within=share), self._note)


def seconds_left(trials: Sequence[Trial], more: int) -> float | None:
    """Seconds that so many more trials will take, going by those that were tried; None where none were."""
    took = [t.seconds for t in trials if t.seconds is not None and t.same_as is None]
    return more * statistics.fmean(took) if took else None


def _metric(spec: TuneSpec) -> str:
    return f"{spec.metric.replace('_', ' ')}@{spec.k}".upper() if spec.metric != "hit_rate" else f"hit rate@{spec.k}"


_LATE = "The trial that was at work when the time was up was stopped, and does not count."
