"""Accuracy against diversity: one model's lists at every notch of the slider (core.recommend.diverse)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate.beyond import diversity
from core.evaluate.compare import Finished
from core.evaluate.means import mean_of_known
from core.evaluate.metrics import coverage, per_user
from core.evaluate.split import Portion, draw_users, hold_out
from core.evaluate.types import METRICS, CompareSpec, Measured
from core.interactions import Array, Interactions, as_bytes, from_bytes
from core.progress import Step, no_step
from core.recommend import Spec, make, needs, reranked, spec_from_json, unit_columns
from core.store import Store, Writer

DIVERSITY_TASK = "core.evaluate.diversity:diversity_task"
NOTCHES: tuple[float, ...] = tuple(n / 10 for n in range(11))


@dataclass(frozen=True)
class Notch:
    """What lists are like at one place of the slider: means over the judged users with their intervals."""

    diversity: float
    ndcg: Measured
    recall: Measured
    apart: Measured | None
    coverage: float


@dataclass(frozen=True)
class DiversityCurve:
    """Accuracy against diversity, for one model.

    Attributes:
        model: which. k: length of the lists. users: judged.
        notches: one for each of NOTCHES; the first is the model's own list. `apart` is DEFINITIONS' diversity, None
            where no list holds two items.
        seconds: wall clock of fitting and all lists.
    """

    model: Spec
    k: int
    users: int
    notches: tuple[Notch, ...]
    seconds: float


def prepare_diversity(store: Store, spec: CompareSpec, step: Step = no_step) -> dict[str, Array]:
    """What `diversity_task` takes: as `spec` says, for its last model. Split k-fold: its first fold alone.

    Raises Refusal `bad_comparison`, and what hold_out raises.
    """
    if spec.candidates != "all":
        raise Refusal("bad_comparison", "Lists of drawn items have no diversity.", "Leave the candidates at all.")
    wanted = needs(spec.models[-1])
    portion = Portion(spec.share, spec.folds)
    parts = hold_out(store, spec.matrix, spec.split, seed=spec.seed, needs=wanted, portion=portion, step=step)
    drawn = draw_users(parts, spec.most_users, spec.seed)
    return {
        **parts.fit.to_arrays(),
        "judged_rows": drawn.users,
        "relevant_indptr": drawn.relevant.indptr,
        "relevant_indices": drawn.relevant.indices,
        "told": as_bytes({"model": spec.models[-1].as_json(), "k": spec.k, "seed": spec.seed}),
    }


def diversity_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """`curve_to_json` of the answer. `params` are not looked at: all stands in the arrays of `prepare_diversity`."""
    x, told = Interactions.from_arrays(arrays), from_bytes(arrays["told"])
    rows, k, seed = np.asarray(arrays["judged_rows"]), int(told["k"]), int(told["seed"])
    indices = np.asarray(arrays["relevant_indices"])
    ones = np.ones(len(indices), dtype=np.float32)
    relevant = csr_matrix((ones, indices, np.asarray(arrays["relevant_indptr"])), shape=(len(rows), x.shape[1]))
    model = spec_from_json(told["model"])
    begin = time.perf_counter()
    fitted = make(model).fit(x, seed=seed, step=step.part(0.0, 0.4))
    pool = fitted.recommend(rows, max(k, 100), step=step.part(0.4, 0.5))
    units, notches = unit_columns(x.matrix), []
    for n, place in enumerate(NOTCHES):
        here = step.part(0.5 + 0.5 * n / len(NOTCHES), 0.5 + 0.5 * (n + 1) / len(NOTCHES))
        lists = reranked(pool, k, place, units, step=here).items
        columns = [per_user(lists, relevant), diversity(lists, units)[:, None]]
        means = dict(zip((*METRICS, "apart"), mean_of_known(np.concatenate(columns, axis=1), seed), strict=True))
        ndcg, recall = means["ndcg"], means["recall"]
        assert ndcg is not None
        assert recall is not None
        notches.append(Notch(place, ndcg, recall, means["apart"], coverage(lists, x.shape[1])))
    return curve_to_json(DiversityCurve(model, k, len(rows), tuple(notches), time.perf_counter() - begin))


def publish_diversity(writer: Writer, outcome: Finished) -> dict[str, Any]:
    """The curve as JSON, kept as the job's own result: `curve_from_json(job.result)`."""
    return dict(outcome.result)


def diversity_curve(store: Store, spec: CompareSpec, *, step: Step = no_step) -> DiversityCurve:
    """The same in this process."""
    arrays = prepare_diversity(store, spec, step.part(0.0, 0.1))
    with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
        return curve_from_json(diversity_task({}, arrays, Path(folder), step.part(0.1, 1.0)))


def curve_to_json(found: DiversityCurve) -> dict[str, Any]:
    """Plain JSON; `curve_from_json` reads it."""
    return {**asdict(found), "model": found.model.as_json(), "notches": [asdict(one) for one in found.notches]}


def curve_from_json(told: Mapping[str, Any]) -> DiversityCurve:
    """What `curve_to_json` wrote."""
    notches = tuple(
        Notch(
            one["diversity"],
            Measured(**one["ndcg"]),
            Measured(**one["recall"]),
            None if one["apart"] is None else Measured(**one["apart"]),
            one["coverage"],
        )
        for one in told["notches"]
    )
    return DiversityCurve(spec_from_json(told["model"]), told["k"], told["users"], notches, told["seconds"])
