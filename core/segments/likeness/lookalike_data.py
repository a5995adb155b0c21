"""What looking for look-alikes starts from: the seed, what everybody takes, how everybody behaves. Never a raw id.

Users stand in an order drawn by a hash of seed and raw id: ties, folds and draws go by it, so that the answer depends
neither on the order of the rows nor on numbers that an undo changes, and no tie favours old customers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.features import FeatureSpec, features
from core.interactions import Array, Interactions, MatrixSpec, build
from core.progress import Step
from core.segments.members import members
from core.segments.rule import Segment
from core.segments.stored import get_segment
from core.store import Query, Store, ident

FEWEST = 20
"""Members that a seed needs: below that a fifth of it is too few to be looked for."""

FAMILIES = (
    "demographic", "tenure", "recency", "frequency", "value", "breadth", "rhythm", "share", "rates", "context",
)  # fmt: skip
"""Of core.features.FAMILIES: all but "interaction", which says again, from the items, what taste says better."""

MOST_VALUES = 12
"""Values of a column of words that have a column of their own."""

LEAST_SHARE = 0.01
"""Of all users, who have a value: rarer values, and columns known of fewer, tell too little."""


@dataclass(frozen=True, eq=False)
class Known:
    """The users of the workspace that can be judged, in the drawn order.

    Attributes:
        users: int32 (n,), user_no.
        seed: bool (n,), whether a member.
        events: int64 (n,), events before as_of, impressions left out.
        told: counts and words for the answer.
    """

    users: Array
    seed: Array
    events: Array
    told: dict[str, Any]


def seed_segment(store: Store, name: str, as_of: datetime | None) -> Segment:
    """The saved segment, as of `as_of`, or of its own moment, or of the end of the data. Raises Refusal."""
    if as_of is not None and as_of.tzinfo is not None:
        as_of = as_of.astimezone(UTC).replace(tzinfo=None)
    found = get_segment(store, name)
    moment = as_of or found.as_of
    if moment is not None and store.as_of() is None:
        raise Refusal("no_times", "These data have no times, so no moment can be chosen.", "Leave out the date.")
    return Segment(found.name, found.rule, moment)


def everyone(store: Store, segment: Segment, seed: int, step: Step) -> pa.Table:
    """Every known user in the drawn order: user_no, events (before as_of, no impressions), member."""
    before = Query("") if segment.as_of is None else Query(" AND (at_utc < ? OR at_utc IS NULL)", (segment.as_of,))
    query = (
        Query("WITH chosen AS (")
        + members(store, segment)
        + "), counted AS (SELECT user_no, count(*) AS n FROM events WHERE user_no IS NOT NULL "
        "AND event <> 'impression'" + before + " GROUP BY user_no) "
        "SELECT u.user_no, coalesce(c.n, 0) AS events, s.user_no IS NOT NULL AS member FROM users u "
        "LEFT JOIN counted c USING (user_no) LEFT JOIN chosen s ON s.user_no = u.user_no "
        + Query("ORDER BY md5(? || ':' || u.user_id), u.user_id", (str(seed),))
    )
    return store.read(query, step=step)


def known_users(everybody: pa.Table, least: int, in_matrix: Array | None, name: str) -> Known:
    """Those with enough events, and with an item where `in_matrix` (bool, side by side) says who has one.

    Raises Refusal `seed_empty`, `seed_small`, `seed_everyone`, `no_candidates`.
    """
    events = everybody.column("events").to_numpy()
    member = everybody.column("member").to_numpy(zero_copy_only=False).astype(bool)
    if not member.any():
        raise Refusal("seed_empty", f"Segment {name!r} has no members.", "Choose a segment with members.")
    enough = events >= least
    if in_matrix is not None:
        enough &= in_matrix
    n_seed, n_all = int((enough & member).sum()), int(enough.sum())
    few = f"{least:,} event" + ("s" if least > 1 else "")
    what = f"at least {few}" + (" and an item" if in_matrix is not None else "")
    if n_seed < FEWEST:
        raise Refusal(
            "seed_small",
            f"Segment {name!r} has {int(member.sum()):,} members, {n_seed:,} of them with {what}.",
            f"Look-alikes need a seed of at least {FEWEST} such users: widen the segment"
            + (", or ask for fewer events." if least > 1 else "."),
        )
    if (n_all - n_seed < FEWEST and n_seed <= 0.9 * n_all) or n_all - n_seed < 2:
        who = f"Only {n_all - n_seed:,} users" if n_all > n_seed else "Nobody"
        raise Refusal(
            "no_candidates",
            f"{who} outside segment {name!r} {'have' if n_all - n_seed > 1 else 'has'} {what}.",
            f"There must be {FEWEST} to choose from: take a smaller segment, or ask for fewer events.",
        )
    if n_seed > 0.9 * n_all:
        raise Refusal(
            "seed_everyone",
            f"Segment {name!r} holds {n_seed:,} of the {n_all:,} users that can be judged: hardly anybody is left.",
            "Choose a segment that holds fewer than 90 % of the users.",
        )
    told = {
        "seed_users": int(member.sum()),
        "seed_known": n_seed,
        "candidates": n_all - n_seed,
        "left_out": int((~enough & ~member).sum()),
    }
    return Known(everybody.column("user_no").to_numpy()[enough].astype(np.int32), member[enough], events[enough], told)


def tastes(store: Store, as_of: datetime | None, step: Step) -> Interactions | None:
    """The matrix of users and items before as_of; None where nobody has anything to do with an item."""
    try:
        return build(store, MatrixSpec(until=as_of), step=step)
    except Refusal as refusal:
        if refusal.code == "no_interactions":
            return None
        raise


def taste_rows(x: Interactions, users: Array) -> csr_matrix:
    """Float64 CSR (len(users), n_items): log2(1 + weight), each row of length 1 over all its items."""
    rows = x.matrix[x.users.rows(users)]
    data = np.log2(1 + rows.data.astype(np.float64))
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    lengths = np.sqrt(np.bincount(owner, weights=data**2, minlength=rows.shape[0]))
    return csr_matrix((data / lengths[owner], rows.indices, rows.indptr), shape=rows.shape)


def behaviours(
    store: Store, as_of: datetime | None, users: Array, step: Step
) -> tuple[Array, list[dict[str, str]], tuple[str, ...]]:
    """How each of `users` behaves and who they are: float32 (len(users), columns), NaN = missing.

    With it for each column its name, words and kind ("number", or "share" for a yes or no), and the notes of
    core.features. Contacts and consent are never among them; columns that hold one value are left out.
    """
    spec = FeatureSpec(as_of=as_of, families=FAMILIES, windows=(30, 90, 365), min_events=0)
    table = features(store, spec, step=step)
    place = _places(store, table.data.column(0).combine_chunks(), users, step)
    made: list[Array] = []
    columns: list[dict[str, str]] = []
    for column in table.columns:
        cells = table.data.column(column.name).combine_chunks().take(pa.array(place))
        if cells.null_count > (1 - LEAST_SHARE) * len(cells):
            continue
        about = {"name": column.name, "unit": column.unit, "words": column.definition.rstrip(".")}
        if column.type == "category":
            for value, mine in _values(cells):
                made.append(mine)
                words = f"{_title(column.definition)} is {value}"
                columns.append({**about, "name": f"{column.name} = {value}", "kind": "yes", "words": words})
            continue
        numbers = cells.cast(pa.float32()).to_numpy(zero_copy_only=False).astype(np.float32)
        said = numbers[~np.isnan(numbers)]
        if said.min() < said.max():
            made.append(numbers)
            columns.append({**about, "kind": "yes" if column.type == "boolean" else "number"})
    values = np.column_stack(made) if made else np.empty((len(users), 0), dtype=np.float32)
    return values, columns, table.notes


def lifted_items(store: Store, x: Interactions, rows: csr_matrix, seed: Array) -> list[dict[str, Any]]:
    """The items that most set the seed apart from the rest, with their labels: at most 40, best first."""
    inside = np.bincount(rows[seed].indices, minlength=rows.shape[1]) / seed.sum()
    outside = np.bincount(rows[~seed].indices, minlength=rows.shape[1]) / (~seed).sum()
    whole = np.bincount(rows.indices, minlength=rows.shape[1]) / len(seed)
    apart = np.round((inside - outside) / np.sqrt(np.maximum(whole * (1 - whole), 1e-12)), 9)
    enough = inside * seed.sum() >= 5
    best = np.lexsort((x.items.numbers, -np.where(enough, apart, 0.0)))[:40]
    best = best[(apart[best] > 0) & enough[best]]
    labels = _labels(store, x.items.numbers[best])
    return [
        {"column": int(c), "label": labels.get(int(x.items.numbers[c]), ""), "raw": x.items.raw(int(c))} for c in best
    ]


def _labels(store: Store, items: Array) -> dict[int, str]:
    """item_no -> title, where items have one."""
    found = store.rows(
        Query("SELECT column_name FROM columns WHERE table_name = 'items' AND role = 'title' ORDER BY column_name")
    )
    if not found or not len(items):
        return {}
    marks = ", ".join("?" * len(items))
    title = ident(str(found[0]["column_name"]))
    query = Query(
        f"SELECT item_no, CAST({title} AS VARCHAR) AS label FROM items WHERE item_no IN ({marks})",
        tuple(int(item) for item in items),
    )
    return {int(row["item_no"]): " ".join(str(row["label"]).split()) for row in store.rows(query) if row["label"]}


def _places(store: Store, ids: pa.Array, users: Array, step: Step) -> Array:
    """For each user_no its row in the table of features."""
    known = store.read(Query("SELECT user_no, user_id FROM users"), step=step)
    numbers = known.column(0).to_numpy()
    row = pc.index_in(known.column(1).combine_chunks(), value_set=ids).to_numpy(zero_copy_only=False)
    where = np.zeros(int(numbers.max(initial=0)) + 1, dtype=np.int64)
    where[numbers] = row
    return cast(Array, where[users])


def _values(cells: pa.Array) -> list[tuple[str, Array]]:
    """A column of 0 and 1 (missing: NaN) for each common value of a column of words; none for one of names."""
    counted = sorted(pc.value_counts(cells.drop_null()).to_pylist(), key=lambda c: (-c["counts"], c["values"]))
    if len(counted) > max(50, (len(cells) - cells.null_count) / 10):
        return []
    common = [c["values"] for c in counted[:MOST_VALUES] if c["counts"] >= LEAST_SHARE * len(cells)]
    if len(counted) < 2:
        return []
    return [
        (str(value), pc.equal(cells, value).cast(pa.float32()).to_numpy(zero_copy_only=False).astype(np.float32))
        for value in common
    ]


def _title(definition: str) -> str:
    """The name of an attribute out of its definition, which quotes it."""
    quoted = re.search(r"'(.+)'", definition)
    return quoted[1] if quoted else definition.rstrip(".")


def window_free(name: str) -> str:
    """A feature's name without its window, so that orders in 30 and in 90 days count as one.

    >>> window_free("events_90d"), window_free("events_all"), window_free("share_a_90d")
    ('events', 'events', 'share_a')
    """
    return re.sub(r"_(\d+d|all)$", "", name)
