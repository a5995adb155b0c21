"""Choosing features: those that tell most of a target, and least of what the chosen ones tell already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.features.mutual import Codes, Floats, classes, entropy, information, one_hot
from core.features.types import FeatureTable, Target
from core.progress import Step, no_step

ROUNDS, CANDIDATES, MOST_ROWS, SEED = 20, 60, 20_000, 20260930


@dataclass(frozen=True)
class ChosenFeature:
    """One feature chosen.

    Attributes:
        name: of the table's columns.
        bits: what it tells of the target: mutual information, in bits.
        shared: how much of that the features chosen before it tell too, in bits, on average; the choice goes by
            bits - shared.
        stability: share of bootstrap rounds in which it is chosen too, from 0 to 1.
    """

    name: str
    bits: float
    shared: float
    stability: float


@dataclass(frozen=True)
class FeatureChoice:
    """Which features to take, best first.

    Attributes:
        target: what is to be told, in words.
        target_bits: entropy of the target: no feature can tell more.
        chosen: best first.
        left_out: feature -> why it could not be chosen (constant, the same as another).
        rows: that were looked at; of: in the table.
        rounds: of the bootstrap.
        statement: all this in a few sentences.
        warnings: of chosen features that may know what is to be foretold: attributes, where they were let in.
    """

    target: str
    target_bits: float
    chosen: tuple[ChosenFeature, ...]
    left_out: tuple[tuple[str, str], ...]
    rows: int
    of: int
    rounds: int
    statement: str
    warnings: tuple[str, ...] = ()


def select(
    table: FeatureTable,
    target: str | Target,
    *,
    k: int = 10,
    rounds: int = ROUNDS,
    attributes: bool = False,
    step: Step = no_step,
) -> FeatureChoice:
    """The `k` features that together tell most of the target (minimum redundancy, maximum relevance; greedy).

    Each column is cut into a few classes, missing being one of them (core.features.mutual), so that numbers, categories
    and gaps are treated alike; a target of numbers is cut too. The first choice tells most; each next one has the
    largest bits - shared, where what it shares with a chosen one is the smaller of both's bits, times how alike they
    are (their mutual information / the smaller entropy). Of large tables 20,000 rows are drawn, always the same; then
    the 60 features with the most bits compete.

    What the files say of users (items) is known only as of the last load: a loyalty tier given for later orders would
    seem to foretell them, and no date tells the two apart. So a Target, which lies after as_of, is told without the
    attributes, unless `attributes` lets them in, with a warning for each chosen. A target that is a feature of the
    table has no moment to be foretold from: there the attributes take part.

    Raises Refusal `no_such_feature`, `bad_target` (constant, or no row has it), `too_few_rows`; Cancelled.
    """
    if k < 1:
        raise Refusal("bad_number", f"{k} features cannot be chosen.", "Ask for 1 or more.")
    rows = table.rows()
    told, words, own = _target(table, target)
    known = np.flatnonzero(pc.is_valid(told).to_numpy(zero_copy_only=False))
    if len(known) < 20:
        raise Refusal("too_few_rows", f"Only {len(known):,} rows have a target; 20 are needed.", "Choose another.")
    drawn = known
    if len(known) > MOST_ROWS:
        drawn = np.sort(np.random.default_rng(SEED).choice(known, MOST_ROWS, replace=False))
    y = classes(told.take(pa.array(drawn)))
    if y.max() == 0:
        raise Refusal("bad_target", f"The target is the same for all rows: {words}", "Choose another.")
    names = [c.name for c in table.columns if c.name not in own]
    columns = {name: classes(rows.column(name).combine_chunks().take(pa.array(drawn))) for name in names}
    left_out = _left_out(table, columns)
    late = _known_late(table) if isinstance(target, Target) else {}
    if not attributes:
        left_out = late | left_out
    bits = {name: information(_joint(columns[name], y)) for name in names if name not in left_out}
    ranked = sorted(bits, key=lambda name: (-bits[name], names.index(name)))[:CANDIDATES]
    if not ranked:
        hint = "Ask for more families" + (", or let the attributes in." if late and not attributes else ".")
        raise Refusal("no_features", f"None of {len(names):,} features can be chosen: all are left out.", hint)
    step.report(0.3, "Choosing features")
    contest = _Contest([columns[name] for name in ranked], y)
    first = contest.play(np.ones(len(y)), k)
    times = np.zeros(len(ranked))
    random = np.random.default_rng(SEED)
    for n in range(rounds):
        step.report(0.3 + 0.7 * n / rounds, "Choosing again from resampled rows")
        weights = np.bincount(random.integers(0, len(y), len(y)), minlength=len(y)).astype(float)
        for place, _, _ in contest.play(weights, k):
            times[place] += 1
    chosen = tuple(
        ChosenFeature(ranked[place], told_bits, shared, float(times[place] / rounds) if rounds else 0.0)
        for place, told_bits, shared in first
    )
    whole = entropy(y)
    return FeatureChoice(
        words,
        whole,
        chosen,
        tuple(left_out.items()),
        len(drawn),
        rows.num_rows,
        rounds,
        _statement(words, whole, chosen, len(left_out), 0 if attributes else len(late)),
        tuple(f"{c.name}: {late[c.name]}" for c in chosen if c.name in late),
    )


class _Contest:
    """The candidates, ready to compete on the rows under any weights."""

    def __init__(self, columns: Sequence[Codes], y: Codes) -> None:
        self.columns, self.y = columns, y
        self.table, self.begins = one_hot(list(columns))
        self.goal, _ = one_hot([y])

    def play(self, weights: Floats, k: int) -> list[tuple[int, float, float]]:
        """(place of a candidate, bits, shared), in the order of choosing."""
        weighted = self.table * weights[:, None].astype(np.float32)
        with_goal = (weighted.T @ self.goal).astype(float)
        pairs = (weighted.T @ self.table).astype(float)
        bits = np.array([information(with_goal[self._of(n)]) for n in range(len(self.columns))])
        sizes = np.array([entropy(column, weights) for column in self.columns])
        shared = np.zeros(len(bits))
        left, found = set(range(len(bits))), list[tuple[int, float, float]]()
        while left and len(found) < k:
            mean = shared / max(len(found), 1)
            best = max(left, key=lambda n: (bits[n] - mean[n], bits[n], -n))
            if bits[best] <= 0:
                break  # what is left tells nothing of the target
            left.remove(best)
            found.append((best, float(bits[best]), float(mean[best])))
            for n in left:
                both = information(pairs[self._of(n), self._of(best)])
                alike = min(both / max(min(sizes[n], sizes[best]), 1e-12), 1.0)
                shared[n] += alike * min(bits[n], bits[best])
        return found

    def _of(self, n: int) -> slice:
        return slice(int(self.begins[n]), int(self.begins[n + 1]))


def _target(table: FeatureTable, target: str | Target) -> tuple[pa.Array, str, set[str]]:
    """The target beside the table's rows, in words, and the columns that are the target itself."""
    if isinstance(target, str):
        column = table.column(target)
        stem = target.removesuffix("_missing").removesuffix("_filled")
        own = {target, f"{target}_missing", f"{target}_filled", stem}
        return table.rows().column(target).combine_chunks(), f"{column.name}: {column.definition}", own
    where = pc.index_in(table.rows().column(0).combine_chunks(), value_set=target.ids)
    return target.values.take(where), target.definition, set()


def _left_out(table: FeatureTable, columns: dict[str, Codes]) -> dict[str, str]:
    """Features with one class only, and those whose values are another's: feature -> why."""
    found: dict[str, str] = {}
    seen: dict[bytes, str] = {}
    rows = table.rows()
    for name, codes in columns.items():
        cells = rows.column(name).combine_chunks()
        if cells.null_count == len(cells):
            found[name] = "No row has a value."
        elif codes.max(initial=0) == 0:
            found[name] = "It is the same for all rows, or nearly all."
        else:
            same = seen.setdefault(codes.tobytes(), name)
            if same != name and rows.column(same).combine_chunks().equals(cells):
                found[name] = f"It has the same values as {same}."
    return found


def _known_late(table: FeatureTable) -> dict[str, str]:
    """The attributes, marks of filled ones included -> why a target of later days must not be told by them."""
    at = "the moment of the table" if table.spec.as_of is None else f"{table.spec.as_of:%Y-%m-%d %H:%M} (UTC)"
    why = f"Known only as of the last load; it may have been set after {at}."
    return {column.name: why for column in table.columns if column.family in ("demographic", "attribute")}


def _joint(one: Codes, other: Codes) -> npt.NDArray[np.float64]:
    width = int(other.max()) + 1
    counts = np.bincount(one * width + other, minlength=(int(one.max()) + 1) * width)
    return counts.reshape(-1, width).astype(float)


def _statement(words: str, whole: float, chosen: Sequence[ChosenFeature], left_out: int, late: int) -> str:
    if not chosen:
        return f"No feature tells anything of the target. {words}"
    best = chosen[0]
    firm = sum(1 for c in chosen if c.stability >= 0.8)
    plain = left_out - late
    were = "feature was" if plain == 1 else "features were"
    out = f" {plain:,} {were} left out: constant, without values, or the same as another."
    attributes = (
        f" {late:,} {'attribute was' if late == 1 else 'attributes were'} left out too: known only as of the last load."
    )
    return (
        f"Knowing the target saves {whole:.2f} bits a row; {best.name} alone tells {best.bits:.3f} of them "
        f"({best.bits / whole:.0%}). {firm:,} of {len(chosen):,} chosen features are chosen again in at least 80 % of "
        f"resampled rounds.{out if plain else ''}{attributes if late else ''}"
    )
