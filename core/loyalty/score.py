"""A loyalty score from 0 to 100 whose parts are shown: for all, by band, and for one user."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from core.behaviour import EVERYTHING, NO_TIMES, Window, resolve, table
from core.errors import Refusal
from core.loyalty.orders import Bools, Floats, these
from core.loyalty.parts import PARTS, Measured, Weights, measure
from core.loyalty.repeat import NO_BUYERS
from core.progress import Step, no_step
from core.store import Query, Store, write_rows

BANDS = ((0, 20), (20, 40), (40, 60), (60, 80), (80, 100))
"""From the first to below the second; the last one to 100 itself."""

_EQUAL = Weights()
_BIN = 5


@dataclass(frozen=True, eq=False)
class Score:
    """The loyalty score of every buyer at a window's end.

    Attributes:
        window: as asked, with its end filled in; all that lies before its end counts.
        weights: as asked. shares: the share of each part's weight among the parts that can be said; they sum to 1.
        missing: for each part that cannot be said, why.
        breadth: what breadth counts: a category column's name, or "items". advocacy: the event types counted.
        buyers: with a score. mean, median: of their scores.
        bands: low, high (int), users (int), share (float), and for each part its mean rank (float; NaN in empty ones).
        bars: low, high (int, 5 points each), users (int).
        problem: why nothing can be shown.
    """

    window: Window
    weights: Weights = _EQUAL
    shares: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    breadth: str = "items"
    advocacy: tuple[str, ...] = ()
    buyers: int = 0
    mean: float | None = None
    median: float | None = None
    bands: pd.DataFrame = field(default_factory=pd.DataFrame)
    bars: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class OneScore:
    """One user's score taken apart.

    Attributes:
        user_id: as in the file. score: 0 to 100. below: buyers with a lower score; buyers: all with one.
        parts: part (str), raw (float, in the part's own unit), rank (float, 0 to 1), points (float, to the score; they
            sum to it), most (float, points at rank 1); parts that are not known of this user are left out.
    """

    user_id: str
    score: float
    below: int
    buyers: int
    parts: pd.DataFrame


def score(store: Store, weights: Weights = _EQUAL, window: Window = EVERYTHING, *, step: Step = no_step) -> Score:
    """Everyone's score as of the window's end. Raises Refusal `bad_weights` where all weight is on missing parts."""
    window = resolve(store, window)
    found = _measured(store, window)
    if isinstance(found, str):
        return Score(window, weights, problem=found)
    scores = _scores(found, weights)
    whole = sum(weights.of(part) for part in found.ranks)
    shares = {part: weights.of(part) / whole for part in PARTS if part in found.ranks}
    low = np.arange(0, 100, _BIN)
    users = np.bincount(np.minimum(scores // _BIN, len(low) - 1).astype(np.int64), minlength=len(low))
    bars = pd.DataFrame({"low": low, "high": low + _BIN, "users": users})
    return Score(
        window, weights, shares, found.missing, found.breadth, found.advocacy, len(scores), float(scores.mean()),
        float(np.median(scores)), _bands(found, scores), bars,
    )  # fmt: skip


def score_users(store: Store, low: float, high: float, weights: Weights = _EQUAL, window: Window = EVERYTHING) -> Query:
    """The users (`user_no`) with `low` <= score < `high`; 100 itself belongs to the band that ends there."""
    found = _measured(store, resolve(store, window))
    if isinstance(found, str):
        return these([])
    return these(found.buyers[in_band(_scores(found, weights), low, high)])


def score_of(store: Store, user_id: str, weights: Weights = _EQUAL, window: Window = EVERYTHING) -> OneScore:
    """One user's score taken apart. Raises Refusal `no_such_user`, and `no_score` for one who has not ordered."""
    found = _measured(store, resolve(store, window))
    rows = store.rows(Query("SELECT user_no FROM users WHERE user_id = ?", (user_id,)))
    if not rows:
        raise Refusal("no_such_user", f"There is no user {user_id!r}.", "Ids are looked up letter for letter.")
    if isinstance(found, str):
        raise Refusal("no_score", found)
    number = int(rows[0]["user_no"])
    place = int(np.searchsorted(found.buyers, number))
    if place == len(found.buyers) or found.buyers[place] != number:
        raise Refusal("no_score", f"User {user_id} has no order before the end of the period, so no score.",
                      "Choose a user who has ordered.")  # fmt: skip
    scores = _scores(found, weights)
    known = [part for part in PARTS if part in found.ranks and not np.isnan(found.ranks[part][place])]
    whole = sum(weights.of(part) for part in known)
    parts = pd.DataFrame(
        {
            "part": known,
            "raw": [float(found.raw[part][place]) for part in known],
            "rank": [float(found.ranks[part][place]) for part in known],
            "points": [100 * weights.of(part) * float(found.ranks[part][place]) / whole for part in known],
            "most": [100 * weights.of(part) / whole for part in known],
        }
    )
    return OneScore(user_id, float(scores[place]), int((scores < scores[place] - 1e-9).sum()), len(scores), parts)


def score_csv(store: Store, path: Path, weights: Weights = _EQUAL, window: Window = EVERYTHING) -> int:
    """All buyers, highest score first: user_id, score, each part's rank, each part's own number; how many."""
    found = _measured(store, resolve(store, window))
    if isinstance(found, str):
        raise Refusal("no_score", found)
    parts = [part for part in PARTS if part in found.ranks]
    rows = pd.DataFrame({"user_no": found.buyers, "score": _scores(found, weights).round(2)})
    for part in parts:
        rows[f"{part}_rank"] = found.ranks[part].round(4)
    names = {"recency": "days_since_last_order", "rhythm": "chance_of_present_pause",
             "breadth": f"different_{found.breadth}", "tenure": "days_since_first_order", "value": "net_value",
             "advocacy": "advocacy_events"}  # fmt: skip
    for part in parts:
        rows[names[part]] = found.raw[part].round(4)
    rows = rows.merge(table(store, Query("SELECT user_no, user_id FROM users")), on="user_no", how="left")
    rows = rows.sort_values(["score", "user_id"], ascending=[False, True])
    head = ["user_id", *rows.columns.drop(["user_no", "user_id"])]
    cells = rows[head].astype(object).where(rows[head].notna(), None)
    return write_rows(head, cells.itertuples(index=False, name=None), path)


def in_band(scores: Floats, low: float, high: float) -> Bools:
    """Which scores lie from `low` to below `high`, 100 in the band that ends there."""
    return (scores >= low) & ((scores < high) | ((high >= 100) & (scores <= 100 + 1e-9)))


def _measured(store: Store, window: Window) -> Measured | str:
    if window.end is None:
        return NO_TIMES
    return measure(store, window.end) or NO_BUYERS


def _scores(found: Measured, weights: Weights) -> Floats:
    scores = found.score(weights)
    if np.isnan(scores).any():
        there = ", ".join(found.ranks)
        raise Refusal("bad_weights", "All weight lies on parts that the data do not hold for everyone.",
                      f"Give some weight to one of: {there}.")  # fmt: skip
    return np.clip(scores, 0, 100)


def _bands(found: Measured, scores: Floats) -> pd.DataFrame:
    rows = []
    for low, high in BANDS:
        there = in_band(scores, low, high)
        row: dict[str, float] = {"low": low, "high": high, "users": int(there.sum()), "share": float(there.mean())}
        for part in PARTS:
            if part in found.ranks:
                own = found.ranks[part][there]
                row[part] = float(np.nanmean(own)) if len(own) and not np.isnan(own).all() else np.nan
        rows.append(row)
    return pd.DataFrame(rows)
