"""Purchases that are odd in the combination of their figures only: an isolation forest beside the robust z.

The forest (scikit-learn, 100 trees of 256 sales, fixed seed) learns from about `SAMPLE` sales drawn by number. Only
candidates are scored, never all of the data: sales whose price or quantity is more than `LOOSE` robust deviations from
their item's usual (up to `MOST`, those of the most money). What robust z has named already is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from core.errors import Refusal
from core.quality.ask import one, remember
from core.quality.looks import described
from core.quality.outliers import LIMITS, numbers_of, odd, standing, with_returns
from core.quality.pairs import cancellations, paired
from core.quality.types import Asked, Exclude, Finding, Kind, Param, Repair, Selection
from core.quality.usual import CELL, IN_NUMBERS, SALES, Bools, Floats, Ints, counts, numbers, usual_of_items
from core.store import Query

SAMPLE, MOST, LOOSE, FEWEST = 10_000, 5_000, 2.5, 500
LIMIT, NAMED = 0.65, 50
FEATURES = (
    "quantity", "price", "price against the item's usual", "quantity against the item's usual",
    "quantity against the buyer's usual", "value against the buyer's usual", "hour of the day",
)  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """Candidates whose score is highest, the highest first: event_no, score (0 to 1), feature that sets each apart."""

    no: Ints
    score: Floats
    feature: Ints
    paired: Bools
    looked: int
    learnt: int


def scored(asked: Asked) -> Scored:
    """Candidates with their scores; none where there are fewer than `FEWEST` sales."""
    return remember(asked, "forest", lambda: _scored(asked))


def _scored(asked: Asked) -> Scored:
    total = int(counts(asked, "price").n.sum())
    nothing = np.zeros(0, np.int64)
    empty = Scored(nothing, np.zeros(0), nothing, np.zeros(0, bool), 0, 0)
    if total < FEWEST:
        return empty
    rows = _rows(asked, total)
    features = _features(asked, rows)
    learn, look = np.asarray(rows["learn"].to_numpy(), bool), np.asarray(rows["look"].to_numpy(), bool)
    no = np.asarray(rows["event_no"].to_numpy(), np.int64)
    named = [odd(asked, of, limit).no for of, limit in LIMITS.items()]
    look &= ~np.isin(no, np.concatenate(named))
    if not look.any() or learn.sum() < FEWEST // 2:
        return empty
    score = _scores(features[learn], features[look])
    middle = np.median(features[learn], axis=0)
    # The mean distance, not the median one: most quantities are 1, and their median distance is nothing
    away = np.abs(features[look] - middle) / np.maximum(np.abs(features[learn] - middle).mean(axis=0), 0.05)
    pairs = paired(asked)
    whole = pairs["purchase_no"].to_numpy()[np.asarray(pairs["whole"].to_numpy(), bool)]
    turn = np.lexsort((no[look], -score))[:1_000]
    mine = no[look][turn]
    return Scored(mine, score[turn], away.argmax(axis=1)[turn], np.isin(mine, whole), int(look.sum()), int(learn.sum()))


def _scores(learn: Floats, look: Floats) -> Floats:
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, max_samples=min(256, len(learn)), random_state=20260930)
    return np.asarray(np.round(-forest.fit(learn).score_samples(look), 6), np.float64)


def _rows(asked: Asked, total: int) -> pa.Table:
    """Sales to learn from (`learn`) and to look at (`look`), with their user's usual."""
    far = []
    for of in ("price", "quantity"):
        c, items = counts(asked, of), usual_of_items(asked, of)
        at = items.place(c.item)
        z = np.abs(c.step / 100 - items.middle[at]) / np.maximum(items.spread[at], 0.2)
        place = np.flatnonzero((z > LOOSE) & (items.n[at] >= 5))
        # The farthest come first where there are very many; whole counts are taken, until there are enough
        place = place[np.lexsort((place, -z[place]))]
        place = place[np.cumsum(c.n[place]) <= MOST]
        far.append((numbers(c.cell[place]), numbers(np.unique(c.item[place])), c.step[place]))
    (price, its_items, _), (quantity, _, steps) = far
    least = float(np.exp(steps.min() / 100 - 0.01)) if len(steps) else 0.0
    return asked.reader.read(
        Query(
            f"WITH learn AS (SELECT event_no FROM events WHERE {SALES} AND hash(event_no) % ? = 0), "
            f"far AS (SELECT event_no, value FROM events WHERE {SALES} AND coalesce(item_no, -1) {IN_NUMBERS} AND "
            f"{CELL['price']} {IN_NUMBERS} UNION SELECT event_no, value FROM events WHERE {SALES} AND quantity >= ? "
            f"AND "
            f"{CELL['quantity']} {IN_NUMBERS}), look AS (SELECT event_no FROM far ORDER BY value DESC, event_no LIMIT "
            f"?), "
            "k AS (SELECT event_no, user_no, item_no, at_utc, quantity, value::DOUBLE AS value, event_no IN (FROM "
            "learn) AS "
            "learn, event_no IN (FROM look) AS look FROM events WHERE event_no IN (FROM learn UNION FROM look)), "
            f"u AS (SELECT user_no, avg(ln(quantity)) AS q, avg(ln(value::DOUBLE)) AS v FROM events WHERE {SALES} "
            "AND user_no IN (SELECT user_no FROM k) GROUP BY user_no) "
            "SELECT k.event_no, coalesce(k.item_no, -1)::BIGINT AS item, ln(k.quantity) AS lq, ln(k.value / "
            "k.quantity) AS "
            "lp, round(ln(k.quantity) - coalesce(u.q, ln(k.quantity)), 6) AS uq, "
            "round(ln(k.value) - coalesce(u.v, ln(k.value)), 6) AS uv, "
            "coalesce(hour(k.at_utc), 12) AS hour, learn, look FROM k LEFT JOIN u USING (user_no) ORDER BY k.event_no",
            (max(1, -(-total // SAMPLE)), its_items, price, least, quantity, MOST),
        ),
        step=asked.step,
    )


def _features(asked: Asked, rows: pa.Table) -> Floats:
    """The rows as numbers, in the order of FEATURES."""
    item = np.asarray(rows["item"].to_numpy(), np.int64)
    lq, lp = np.asarray(rows["lq"].to_numpy()), np.asarray(rows["lp"].to_numpy())
    price, quantity = usual_of_items(asked, "price"), usual_of_items(asked, "quantity")
    return np.column_stack(
        [
            lq, lp, lp - price.middle[price.place(item)], lq - quantity.middle[quantity.place(item)],
            rows["uq"].to_numpy(), rows["uv"].to_numpy(), rows["hour"].to_numpy(),
        ]
    ).astype(np.float64)  # fmt: skip


def _named(asked: Asked, params: Mapping[str, Param]) -> tuple[Scored, Bools]:
    """All candidates, and which of them a selection's parameters mean. Raises Refusal `bad_selection`."""
    limit, most = params["limit"], params["most"]
    if not isinstance(limit, int | float) or not 0 < limit < 1:
        raise Refusal("bad_selection", f"limit = {limit!r} is no score.", "Give a number between 0 and 1, as 0.65.")
    if not isinstance(most, int) or not 0 < most <= 1_000:
        raise Refusal("bad_selection", f"most = {most!r} is no count.", "Give a whole number from 1 to 1,000.")
    found = scored(asked)
    above = (found.score > limit) & (np.arange(len(found.score)) < most)
    return found, above & standing(params["paired"], found.paired)


def _choose(asked: Asked, params: Mapping[str, Param]) -> pa.Array:
    found, keep = _named(asked, params)
    return numbers_of(asked, found.no[keep], params)


_DEFAULTS: dict[str, Param] = {"limit": LIMIT, "most": NAMED, "paired": "any", "with_return": False}
KINDS: tuple[Kind, ...] = (Kind("value_outlier", "events", "purchases odd in combination", _DEFAULTS, _choose),)


def detect(asked: Asked) -> list[Finding]:
    """Purchases whose figures are odd together, though price and quantity alone are not."""
    found, keep = _named(asked, _DEFAULTS)
    no, score, feature = found.no[keep], found.score[keep], found.feature[keep]
    if not len(no):
        return []
    selection = Selection.of("value_outlier", with_return=True)
    shown = described(asked, no, most=8, ranked=True)
    undone = cancellations(asked, no[:8].tolist())
    reason = {
        n: (round(float(s), 3), FEATURES[f]) for n, s, f in zip(no.tolist(), score, feature.tolist(), strict=True)
    }
    for row in shown["rows"]:
        row["score"], row["set apart by"] = reason[row["event_no"]]
        row.update(undone.get(row["event_no"], {}))
    return [
        Finding(
            "value_outlier",
            "note",
            f"{len(no):,} more purchases worth {shown['money']:,.2f} are odd in the combination of their figures",
            f"An isolation forest over {', '.join(FEATURES)} learnt from {found.learnt:,} sales drawn by number and "
            f"scored "
            f"{found.looked:,} candidates: sales more than {LOOSE:g} robust deviations from their item's usual price "
            f"or "
            f"quantity (where very many, the farthest, then those of the most money) that are not named as outliers of "
            f"price or quantity. Named are scores above {LIMIT:g} of 1 (0.5 is ordinary), at most {NAMED}, the "
            f"highest first. "
            "Large orders of resellers are often among them. Counted with the returns that cancel them in full.",
            "events",
            len(with_returns(asked, no)),
            int(one(asked, Query(f"SELECT count(*) AS n FROM events WHERE {SALES}"))["n"]),
            selection=selection,
            examples=tuple(shown["rows"]),
            facts={
                "limit": LIMIT,
                "looked_at": found.looked,
                "learnt_from": found.learnt,
                "above_limit": int(np.count_nonzero(found.score > LIMIT)),
                "paired": int(found.paired[keep].sum()),
                "money": shown["money"],
            },
            repairs=(Repair(selection, Exclude(), "looked through one by one"),),
            users=shown["users"],
        )
    ]
