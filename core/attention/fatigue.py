"""Whether people tire: the response to the first, second, nth time that they are shown something."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.fatigue_runs import FatigueQuestion, Runs, filled, left_out, read_runs
from core.attention.fatigue_slope import Slope, conditional_slope
from core.attention.path_users import these_users
from core.behaviour import EVERYTHING, NO_TIMES, Z95, Window, resolve, share_interval
from core.progress import Step, no_step
from core.store import Query, Store

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fatigue:
    """Responses by the number of the exposure.

    A run is all exposures of one user to one campaign (or item, or to anything). `n` counts from the user's first one
    in all the data, also before the window.

    Attributes:
        question, window: as asked, filled in.
        table: n; exposures, responses, users (distinct), rate, low, high (Wilson 95 %) of all exposures with that n;
            runs, first_rate, nth_rate, ratio, ratio_low, ratio_high: of the runs that came so far, their own rate at
            the nth against their own at the first (interval of matched pairs); same_runs, same_rate, same_low,
            same_high: of runs with at least `same` exposures (NaN beyond).
        slope: log of the factor on the odds at each further exposure, for the same people.
        halves, halves_low, halves_high: the exposure at which the same people's response is half of the first; None
            where it cannot be told. `halves_high` None = no end to it in these data.
        cap: how many exposures are reasonable; None where none can be named.
        exposures, responses: in the window and judged, with any n. beyond: exposures with n above `most`.
        waiting: exposures left out, since the data end before the time to respond is over.
        nameless: exposures left out that name no campaign (or item); anonymous: that name no user.
        problem: why nothing can be shown.
    """

    question: FatigueQuestion
    window: Window
    table: pd.DataFrame
    slope: Slope = field(default_factory=lambda: Slope(None, None, None, 0))
    halves: float | None = None
    halves_low: float | None = None
    halves_high: float | None = None
    cap: int | None = None
    exposures: int = 0
    responses: int = 0
    beyond: int = 0
    waiting: int = 0
    nameless: int = 0
    anonymous: int = 0
    problem: str | None = None


def fatigue(
    store: Store, question: FatigueQuestion | None = None, window: Window = EVERYTHING, *, step: Step = no_step
) -> Fatigue:
    """The response by the nth exposure. Raises Refusal `bad_exposures`, `same_event`; BadRule for an unknown word."""
    window = resolve(store, window)
    asked = filled(store, question or FatigueQuestion())
    if isinstance(asked, str):
        return Fatigue(question or FatigueQuestion(), window, pd.DataFrame(), problem=asked)
    if window.end is None:
        return Fatigue(asked, window, pd.DataFrame(), problem=NO_TIMES)
    runs = read_runs(store, asked, window, step)
    nameless, anonymous = left_out(store, asked, window)
    bare = Fatigue(
        asked, window, pd.DataFrame(), exposures=len(runs.n), responses=int(runs.answered.sum()),
        beyond=int((runs.n > asked.most).sum()), waiting=runs.waiting, nameless=nameless, anonymous=anonymous,
    )  # fmt: skip
    if not len(runs.n):
        shown = asked.exposure.event if asked.exposure else "exposure"
        said = f"No {shown} of a known user that can be counted per {asked.per} in this period."
        return replace(bare, problem=f"{said} Choose another event, another way to count, or a longer period.")
    step.report(0.7, "Counting responses")
    found = _table(asked, runs)
    slope = _slope(asked, runs)
    halves = [_halves(float(found["rate"].iloc[0]), b) for b in (slope.slope, slope.low, slope.high)]
    tires = slope.high is not None and slope.high < 0 and halves[0] is not None
    cap = max(1, math.floor(halves[0])) if tires and halves[0] is not None and halves[0] <= asked.most else None
    return replace(
        bare, table=found, slope=slope, halves=halves[0], halves_low=halves[1], halves_high=halves[2], cap=cap
    )


def fatigue_users(
    store: Store,
    question: FatigueQuestion,
    n: int | None = None,
    window: Window = EVERYTHING,
    *,
    answered: bool | None = None,
) -> Query:
    """The users (`user_no`) with a judged nth exposure (any n: None) in the window: all, or those (not) answered."""
    window = resolve(store, window)
    asked = filled(store, question)
    if isinstance(asked, str) or window.end is None:
        return Query("SELECT user_no FROM users WHERE false")
    runs = read_runs(store, asked, window, no_step)
    mine = np.ones(len(runs.n), dtype=bool) if n is None else runs.n == n
    if answered is not None:
        mine &= runs.answered == answered
    return these_users(runs.user[mine])


def _table(question: FatigueQuestion, runs: Runs) -> pd.DataFrame:
    most, same = question.most, question.same
    kept = runs.n <= most
    n, run, answered, user = runs.n[kept], runs.run[kept], runs.answered[kept], runs.user[kept]
    exposures = np.bincount(n, minlength=most + 1)[1:]
    responses = np.bincount(n[answered], minlength=most + 1)[1:]
    # answers to the first exposure by run; -1 where the first lies before the window or is not judged
    began = np.full(int(run.max()) + 1 if len(run) else 1, -1, dtype=np.int8)
    began[run[n == 1]] = answered[n == 1]
    own_first = began[run]
    length = np.zeros(len(began), dtype=np.int64)
    np.maximum.at(length, run, n)
    rows = []
    for k in range(1, most + 1):
        here = n == k
        paired = here & (own_first >= 0)
        now, then = answered[paired], own_first[paired] > 0
        followed = here & (own_first >= 0) & (length[run] >= same) if k <= same else np.zeros(len(n), dtype=bool)
        rows.append(
            (k, len(np.unique(user[here])), int(paired.sum()), _share(then), _share(now), *_matched(now, then, k),
             int(followed.sum()), int(answered[followed].sum()))
        )  # fmt: skip
    names = ["n", "users", "runs", "first_rate", "nth_rate", "ratio", "ratio_low", "ratio_high", "same_runs", "same"]
    found = pd.DataFrame(rows, columns=names)
    low, high = share_interval(responses, exposures)
    same_low, same_high = share_interval(found["same"], found["same_runs"])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = found.assign(
            exposures=exposures, responses=responses, rate=responses / exposures, low=low, high=high,
            same_rate=found["same"] / found["same_runs"], same_low=same_low, same_high=same_high,
        )  # fmt: skip
    order = ["n", "exposures", "responses", "users", "rate", "low", "high", *names[2:9], "same_rate", "same_low",
             "same_high"]  # fmt: skip
    return found.loc[found["exposures"] > 0, order].reset_index(drop=True)


def _matched(now: Bools, then: Bools, k: int) -> tuple[float, float, float]:
    """The ratio of two shares of the same runs, with its interval on the log scale (Nam and Blackwelder 2002)."""
    if k == 1:
        return 1.0, 1.0, 1.0
    a, b, both = int(now.sum()), int(then.sum()), int((now & then).sum())
    if not a or not b:
        return (0.0 if b else math.nan), math.nan, math.nan
    wide = Z95 * math.sqrt((a + b - 2 * both) / (a * b))
    return a / b, a / b * math.exp(-wide), a / b * math.exp(wide)


def _share(marks: Bools) -> float:
    return float(marks.mean()) if len(marks) else math.nan


def _slope(question: FatigueQuestion, runs: Runs) -> Slope:
    kept = runs.n <= question.most
    run, n, answered = runs.run[kept], runs.n[kept], runs.answered[kept].astype(np.int64)
    if not len(run):
        return Slope(None, None, None, 0)
    starts = np.flatnonzero(np.append(True, run[1:] != run[:-1]))
    lengths = np.diff(np.append(starts, len(run)))
    places = (n - np.repeat(n[starts], lengths) + 1) * answered
    return conditional_slope(lengths, np.add.reduceat(answered, starts), np.add.reduceat(places, starts))


def _halves(first: float, slope: float | None) -> float | None:
    """The exposure at which a rate of `first` at the first has fallen to its half, odds falling at this slope."""
    if slope is None or slope >= 0 or not 0 < first < 1:
        return None
    return 1 + math.log((first / 2 / (1 - first / 2)) / (first / (1 - first))) / slope
