"""What one model with one set of settings is worth: fitted once, judged by more and more users."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate import metrics
from core.evaluate.split import mixed
from core.evaluate.tuning.types import Trial, TuneSpec
from core.evaluate.types import METRICS
from core.interactions import Array, Interactions
from core.progress import Step
from core.recommend import Recommender, Spec, info, make

RUNGS = (0.1, 0.3)
"""Shares of the judged users after which a trial may be given up."""

_LEAST = 50  # users of a rung below which nothing is said
_EARLIER = 5  # complete trials before any is given up
_SURE = 2.326  # standard errors: one-sided 99 %
_INTERVAL = 1.960


@dataclass
class Judge:
    """Holds what all trials share: the matrix, the judged users in an order drawn by the seed, the best so far.

    Attributes:
        x: what models fit on.
        rows: judged rows; every beginning of them is a random draw.
        relevant: CSR (len(rows), n_items), what is right for each.
        best: float32 (len(rows),), the metric of the best complete trial so far for each of them.
    """

    spec: TuneSpec
    x: Interactions
    rows: Array
    relevant: csr_matrix
    best: Array | None = None
    make: Callable[[Spec], Recommender] = field(default=make, repr=False)

    def __post_init__(self) -> None:
        chance = mixed(self.spec.seed + 1, self.x.users.numbers[self.rows], np.zeros(1, dtype=np.int64))
        order = np.argsort(chance, kind="stable")
        self.rows, self.relevant = self.rows[order], self.relevant[order]
        self.relevant.sort_indices()

    @property
    def rungs(self) -> tuple[int, ...]:
        """Users after each look; the last is all of them."""
        n = len(self.rows)
        looks = [round(share * n) for share in RUNGS] if self.spec.prune else []
        return (*(m for m in looks if m >= _LEAST), n)

    def tried(self, trial: Trial, earlier: Sequence[Trial], step: Step) -> tuple[Trial, Array | None]:
        """The trial with its figures, and the metric of each user where it is complete. Raises Cancelled.

        What the model refuses, or has no memory for, is a failed trial: the study goes on.
        """
        try:
            return self._tried(trial, earlier, step)
        except Refusal as refusal:
            return replace(trial, state="failed", why=refusal.as_json()), None
        except MemoryError:
            return replace(trial, state="failed", why=_too_large(trial.spec).as_json()), None
        except (ArithmeticError, np.linalg.LinAlgError):
            return replace(trial, state="failed", why=_no_numbers(trial.spec).as_json()), None

    def _tried(self, trial: Trial, earlier: Sequence[Trial], step: Step) -> tuple[Trial, Array | None]:
        begin = time.perf_counter()
        model = self.make(trial.spec).fit(self.x, seed=self.spec.seed, step=step.part(0.0, 0.6))
        trial = replace(trial, seconds_fit=time.perf_counter() - begin)
        each = np.empty(0, dtype=np.float32)
        listed: list[Array] = []
        took, rungs = 0.0, []
        for users in self.rungs:
            begin = time.perf_counter()
            share = (0.6 + 0.4 * len(each) / len(self.rows), 0.6 + 0.4 * users / len(self.rows))
            more = slice(len(each), users)
            lists = model.recommend(self.rows[more], self.spec.k, step=step.part(*share)).items
            step.check()
            each = np.concatenate([each, self._measured(lists, self.relevant[more])])
            listed.append(lists)
            took += time.perf_counter() - begin
            rungs.append((users, float(each.mean(dtype=np.float64))))
            low, high = _interval(each)
            trial = replace(trial, value=rungs[-1][1], low=low, high=high, rungs=tuple(rungs))
            trial = replace(trial, users=users, seconds_score=took)
            if users < len(self.rows) and not trial.start and self._behind(each, rungs[-1], earlier):
                return replace(trial, state="pruned", why=_given_up(users).as_json()), None
        covered = metrics.coverage(np.concatenate(listed), self.x.shape[1])
        return replace(trial, state="complete", coverage=covered), each

    def _measured(self, lists: Array, relevant: csr_matrix) -> Array:
        found = metrics.per_user(lists, relevant)[:, METRICS.index(self.spec.metric)]
        return np.asarray(found, dtype=np.float32)

    def _behind(self, each: Array, rung: tuple[int, float], earlier: Sequence[Trial]) -> bool:
        """Whether it is in the lower half at this rung, and surely behind the best on the very same users."""
        users, value = rung
        others = [mean for t in earlier if t.same_as is None for n, mean in t.rungs if n == users]
        if self.best is None or sum(t.state == "complete" for t in earlier) < _EARLIER or value > np.median(others):
            return False
        behind = np.asarray(each - self.best[: len(each)], dtype=np.float64)
        return bool(behind.mean() + _SURE * behind.std(ddof=1) / np.sqrt(len(behind)) < 0)


def _interval(each: Array) -> tuple[float, float]:
    """The mean's interval by the normal approximation."""
    value = float(each.mean(dtype=np.float64))
    half = _INTERVAL * float(each.std(dtype=np.float64, ddof=1)) / float(np.sqrt(len(each))) if len(each) > 1 else 0.0
    return max(0.0, value - half), min(1.0, value + half)


def _given_up(users: int) -> Refusal:
    return Refusal(
        "surely_behind",
        f"After {users:,} users it was surely behind the best settings so far (one-sided 99 %, the same users), and in "
        "the lower half of all.",
        "Its figure is that of these users alone.",
    )


def _too_large(spec: Spec) -> Refusal:
    return Refusal(
        "out_of_memory",
        f"{info(spec.model).plain} needs more memory with these settings than the machine could give.",
        "Choose a shorter period or a higher least activity, or leave these settings out.",
    )


def _no_numbers(spec: Spec) -> Refusal:
    return Refusal(
        "no_numbers",
        f"{info(spec.model).plain} found no usable numbers with these settings.",
        "Nothing need be done: the search goes on with others.",
    )
