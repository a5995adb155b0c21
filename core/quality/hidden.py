"""Which fill comes closest: known values are hidden on purpose, filled, and compared with what they were."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import Refusal
from core.progress import Step, no_step
from core.quality.ask import ask, one
from core.quality.clusters import Cluster, clusters
from core.quality.fill import fill_choices, fill_values
from core.quality.fill_column import Column, column_of, source
from core.quality.hidden_words import verdict, warning
from core.quality.types import KEY, Asked, Fill, FillMethod, Reader, Scope
from core.store import Query

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and every command comes by here

MOST_HIDDEN = 5_000
LEAST_HIDDEN = 20
_DRAWS = 1_000
_PLAIN: tuple[FillMethod, ...] = ("mean", "median", "mode")
_GROUPED: tuple[FillMethod, ...] = ("median", "mean", "mode", "interpolate")


@dataclass(frozen=True)
class HiddenScore:
    """How close one fill came to the hidden values.

    Attributes:
        fill: the fill, as a repair would take it.
        answered: hidden values that it had an answer for (interpolation has none where there is no time).
        error: numbers: mean absolute error, in the column's unit; dates: in days; categories: share wrong, 0 to 1.
        interval: 95 % bootstrap interval of `error`, over the hidden values.
        rmse: root of the mean squared error; None for categories. Large against `error`: a few values are far off.
        within: share of values hit to within 10 %; None for dates and categories.
        against: `error` / the mean distance of the hidden values from their own mean (for categories: / the error of
            always saying the commonest value). 1 = tells nothing of single rows. None where all values are equal.
        gain: how much smaller the error is than that of the best plain figure (mean, median or mode of all), as a 99 %
            bootstrap interval over the same rows; above 0 = better. (0, 0) for that figure itself.
        seconds: how long it took.
    """

    fill: Fill
    answered: int
    error: float
    interval: tuple[float, float]
    rmse: float | None
    within: float | None
    against: float | None
    gain: tuple[float, float]
    seconds: float

    @property
    def right(self) -> float:
        """Of categories: the share of hidden values that it said right."""
        return 1 - self.error


@dataclass(frozen=True)
class HiddenTest:
    """The result; `scores` best first, judged on the hidden values that every method answered.

    Attributes:
        kind: numbers, dates or categories: what `HiddenScore.error` is.
        known, missing: values of the column there are, and rows without.
        hidden: how many known values were hidden; `judged` of them had an answer from every method.
        plain: the best of mean, median and mode of all: what every other method has to beat.
        best: the fill that beats it surely, or None.
        failed: fills that could not be tried, and why.
        clusters: what missing values go with, if they stand together.
        verdict: in plain words.
        warning: why the values really missing may be harder; "" where nothing speaks for it.
        seed: another seed hides other values.
    """

    scope: Scope
    column: str
    kind: str
    known: int
    missing: int
    hidden: int
    judged: int
    scores: tuple[HiddenScore, ...]
    plain: Fill
    best: Fill | None
    failed: tuple[tuple[Fill, str], ...]
    clusters: tuple[Cluster, ...]
    verdict: str
    warning: str
    seed: int


def hidden_value_test(  # noqa: PLR0913  (what is asked, and each of how)
    reader: Reader,
    scope: Scope,
    column: str,
    *,
    methods: Sequence[FillMethod] | None = None,
    share: float = 0.1,
    group: str | None = None,
    using: Sequence[str] = (),
    seed: int = 0,
    step: Step = no_step,
) -> HiddenTest:
    """Hide a share of the known values (chosen by the hash of their key, at most 5,000), fill them, compare.

    `methods`: None = all that suit the column; the plain figures (mean, median, mode) are always tried, as what others
    have to beat. With a `group`, those that take one are tried with it and without. The fills are those of repairs.
    Raises Refusal `no_such_column`, `bad_fill`, `too_few_values`, and `bad_share` for a share outside 0 to 0.5.
    """
    if not 0 < share <= 0.5:
        raise Refusal("bad_share", f"A share of {share:g} cannot be hidden.", "Take more than 0, and at most 0.5.")
    asked = ask(reader, None, step=step)
    choices = fill_choices(asked, scope, column)
    target = column_of(asked, scope, column)
    if not set(choices) - {"constant"}:
        raise Refusal(
            "bad_fill", f"{column!r} can be filled with a constant at most: there is nothing to compare.",
            "Take a column of numbers, dates or categories.",
        )  # fmt: skip
    keys, truth, known, missing = _hide(asked, scope, target, share, seed)
    fills = _fills(column, choices, methods, group, tuple(using))
    tried, failed = _tried(asked, scope, target, fills, keys)
    scores, judged = _scores(target, truth, tried)
    plain = next(s.fill for s in scores if _is_plain(s.fill))
    first = scores[0]
    best = first.fill if not _is_plain(first.fill) and first.gain[0] > 0 else None
    found = clusters(replace(asked, step=step.part(0.95, 1.0)), scope, target) if missing else ()
    made = HiddenTest(
        scope,
        column,
        _kind(target),
        known,
        missing,
        len(truth),
        judged,
        scores,
        plain,
        best,
        failed,
        found,
        "",
        "",
        seed,
    )
    return replace(made, verdict=verdict(made), warning=warning(made))


def _hide(asked: Asked, scope: Scope, column: Column, share: float, seed: int) -> tuple[Query, pd.Series, int, int]:
    counts = one(asked, Query(f"SELECT count(*) AS n, count({column.sql}) AS known FROM {source(scope, [column])}"))
    known = int(counts["known"])
    wanted = min(MOST_HIDDEN, int(known * share))
    if wanted < LEAST_HIDDEN:
        raise Refusal(
            "too_few_values",
            f"{column.name!r} has {known:,} known values: {share:.0%} of them are {wanted:,}, and fewer than "
            f"{LEAST_HIDDEN} tell nothing.",
            "Hide a larger share, at most 50 %." if known >= 2 * LEAST_HIDDEN else "Choose a fill by what you know.",
        )
    key = f"t.{KEY[scope]}"
    table = asked.reader.read(
        Query(
            f"SELECT {key} AS key, {column.sql} AS value FROM {source(scope, [column])} WHERE {column.sql} IS NOT NULL "
            f"ORDER BY hash({key}, CAST(? AS BIGINT)), {key} LIMIT {wanted}", (seed,)
        ), step=asked.step,
    )  # fmt: skip
    truth = _values(column, table)
    listed = ",".join(str(int(k)) for k in sorted(truth.index))
    return Query(f"SELECT unnest([{listed}]::BIGINT[])"), truth, known, int(counts["n"]) - known


def _fills(
    column: str,
    choices: Sequence[FillMethod],
    methods: Sequence[FillMethod] | None,
    group: str | None,
    using: tuple[str, ...],
) -> list[Fill]:
    wanted = [m for m in choices if m != "constant"] if methods is None else [m for m in methods if m != "constant"]
    fills = [Fill(column, m) for m in choices if m in _PLAIN]
    for method in dict.fromkeys(wanted):
        if method in ("neighbours", "iterative"):
            fills.append(Fill(column, method, using=using))
        else:
            fills.append(Fill(column, method))
            if group is not None and method in _GROUPED:
                fills.append(Fill(column, method, group=group))
    return list(dict.fromkeys(fills))


def _tried(
    asked: Asked, scope: Scope, column: Column, fills: list[Fill], keys: Query
) -> tuple[list[tuple[Fill, pd.Series, float]], tuple[tuple[Fill, str], ...]]:
    """Each fill's answers, by key, and its seconds; and those that were refused."""
    tried, failed = [], []
    for n, fill in enumerate(fills):
        asked.step.report(0.05 + 0.9 * n / len(fills), f"{fill.method} for {fill.column}")
        part = replace(asked, step=asked.step.part(0.05 + 0.9 * n / len(fills), 0.05 + 0.9 * (n + 1) / len(fills)))
        began = time.perf_counter()
        try:
            made = fill_values(part, fill, scope, keys)
        except Refusal as refusal:
            failed.append((fill, str(refusal)))
            continue
        table = part.reader.read(made, step=part.step) if isinstance(made, Query) else made
        if table.num_rows:
            tried.append((fill, _values(column, table), time.perf_counter() - began))
        else:
            failed.append((fill, "It had an answer for none of the hidden values."))
    return tried, tuple(failed)


def _scores(
    column: Column, truth: pd.Series, tried: list[tuple[Fill, pd.Series, float]]
) -> tuple[tuple[HiddenScore, ...], int]:
    judged = truth.index
    for _, said, _ in tried:
        judged = judged.intersection(said.index)
    if len(judged) < LEAST_HIDDEN:
        raise Refusal(
            "too_few_values", f"Only {len(judged):,} hidden values had an answer from every method.",
            "Leave out interpolation, or hide a larger share.",
        )  # fmt: skip
    judged = judged.sort_values()
    true = truth[judged].to_numpy()
    draws = np.random.default_rng(0).integers(0, len(true), (_DRAWS, len(true)))
    errors = [_error(column, true, said[judged].to_numpy()) for _, said, _ in tried]
    means = [float(e.mean()) for e in errors]
    plain = min((n for n, (f, _, _) in enumerate(tried) if _is_plain(f)), key=lambda n: means[n])
    scores = []
    for (fill, said, seconds), error, mean in zip(tried, errors, means, strict=True):
        drawn = error[draws].mean(axis=1)
        gain = (errors[plain] - error)[draws].mean(axis=1)
        rmse, within, spread = None, None, means[plain]
        if _kind(column) != "categories":
            rmse = float(np.sqrt((error**2).mean()))
            spread = float(np.abs(true - true.mean()).mean())
            if column.family == "number":
                within = float((error <= 0.1 * np.abs(true)).mean())
        scores.append(HiddenScore(
            fill, len(said), mean, _interval(drawn, 0.95), rmse, within, mean / spread if spread else None,
            _interval(gain, 0.99), seconds,
        ))  # fmt: skip
    return tuple(sorted(scores, key=lambda s: s.error)), len(judged)  # ties: the plainer, which was tried first


def _interval(drawn: NDArray[np.float64], level: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _error(column: Column, true: NDArray[np.object_], said: NDArray[np.object_]) -> NDArray[np.float64]:
    if _kind(column) == "categories":
        wrong: NDArray[np.float64] = (true != said).astype(np.float64)
        return wrong
    missed: NDArray[np.float64] = np.abs(true.astype(np.float64) - said.astype(np.float64))
    return missed


def _values(column: Column, table: pa.Table) -> pd.Series:
    """Values by key: numbers, days since 1970, or words."""
    import pandas as pd

    values = table["value"]
    if column.family == "number":
        held = values.cast(pa.float64()).to_numpy()
    elif column.family == "date":
        day = pa.types.is_date(values.type)
        held = values.cast(pa.int32() if day else pa.timestamp("us")).cast(pa.int64()).to_numpy()
        held = held if day else held / 86_400e6
    else:
        held = np.array([str(v) for v in values.to_pylist()], dtype=object)
    return pd.Series(held, index=table["key"].to_numpy())


def _kind(column: Column) -> str:
    return {"number": "numbers", "date": "dates"}.get(column.family, "categories")


def _is_plain(fill: Fill) -> bool:
    return fill.method in _PLAIN and fill.group is None
