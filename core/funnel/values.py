"""What the units of a funnel are parted by: a value of the event of a step, of its item, of the user; a segment."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from core.errors import Refusal
from core.funnel.question import FunnelSpec
from core.funnel.rows import UNKNOWN, Ints, category_pairs
from core.funnel.ways import schema_with_segments
from core.segments import InSegment, Schema, compile_rule, event_query
from core.store import Query, Scratch, Store, ident, joined

MOST_VALUES = 12
NOT_KNOWN, OTHERS = "not known", "all other values"
ByOf = Literal["event", "user", "category", "segment"]


@dataclass(frozen=True)
class By:
    """What to part users by.

    Attributes:
        of: "event" = a column of the event that took the first step, "user" = an attribute, "category" = the category
            of that event's item (an item of several counts in each), "segment" = in a saved segment or not.
        name: the column, or the segment; of "category" the items' column, "" = the first one.
    """

    of: ByOf
    name: str = ""

    def __post_init__(self) -> None:
        if self.of not in get_args(ByOf):
            raise Refusal("bad_breakdown", f"A funnel cannot be parted by {self.of!r}.")


@dataclass(frozen=True, eq=False)
class Members:
    """Which unit has which value: pairs of a unit's place and a value's place; a unit may have several.

    Attributes: units, values: (m,). labels: the values in the order to show them in.
    """

    units: Ints
    values: Ints
    labels: tuple[str, ...]


def members(store: Store, spec: FunnelSpec, by: By, users: Ints, at: Ints, upto: int = 0) -> Members:
    """The values of units that are `users` and took step `upto` at the moments `at`. Raises Refusal `bad_breakdown`."""
    schema = schema_with_segments(store)
    if by.of == "segment":
        return _segment(store, schema, by.name, users)
    with store.scratch() as scratch, scratch.table("funnel_units", _units(users, at)):
        if by.of == "user":
            kind = _kind(schema, "user", by.name)
            value = f"unnest({ident(by.name)})" if kind == "list" else ident(by.name)
            query = Query(
                f"SELECT w.place, u.value FROM funnel_units w JOIN (SELECT user_no, {value} AS value FROM users) u"
                " USING (user_no) WHERE u.value IS NOT NULL"
            )
        elif by.of == "category":
            kind = "text"
            pairs = category_pairs(store, by.name or None)
            event = _event_at(spec, schema, store, "e.item_no", upto)
            query = Query("SELECT DISTINCT f.place, c.category AS value FROM (") + event + f") f JOIN ({pairs}) c"
            query += " ON c.item_no = f.value WHERE c.category IS NOT NULL"
        else:
            kind = _kind(schema, "event", by.name)
            query = _event_at(spec, schema, store, f"e.{ident(by.name)}", upto)
            query = Query("SELECT place, value FROM (") + query + ") WHERE value IS NOT NULL"
        return _labelled(_read(scratch, query), kind, len(users))


def _kind(schema: Schema, of: Literal["user", "event"], name: str) -> str:
    columns = schema.columns(of)
    if name not in columns:
        known = ", ".join(columns) or "none"
        raise Refusal("bad_breakdown", f"{of.capitalize()}s have no column {name!r}.", f"They have: {known}.")
    return columns[name]


def _units(users: Ints, at: Ints) -> pa.Table:
    unknown = at == UNKNOWN
    moments = pa.array(np.where(unknown, 0, at), pa.int64(), mask=unknown).cast(pa.timestamp("us"))
    return pa.table(
        {"place": np.arange(len(users), dtype=np.int32), "user_no": users.astype(np.int32), "moment": moments}
    )


def _event_at(spec: FunnelSpec, schema: Schema, store: Store, value: str, upto: int) -> Query:
    """place, value: of each unit's event that took the step; of several at that moment the first that was loaded."""
    steps = spec.steps[: upto + 1] if spec.order == "any" else spec.steps[upto : upto + 1]
    conditions = [Query("(") + event_query(each, schema, store.as_of()) + ")" for each in dict.fromkeys(steps)]
    return (
        Query(f"SELECT w.place, arg_min({value}, e.event_no) AS value FROM funnel_units w JOIN events e")
        + " ON e.user_no = w.user_no AND e.at_utc IS NOT DISTINCT FROM w.moment WHERE "
        + joined(" OR ", conditions)
        + " GROUP BY w.place"
    )


def _read(scratch: Scratch, query: Query) -> pd.DataFrame:
    frame: pd.DataFrame = scratch.read(query).to_pandas(date_as_object=True)
    return frame


def _labelled(found: pd.DataFrame, kind: str, n: int) -> Members:
    """Texts as they are; numbers and dates of many values in bands; rare values together, missing ones apart."""
    places, values = found["place"].to_numpy().astype(np.int64), found["value"]
    banded: tuple[str, ...] | None = None
    if values.nunique() > MOST_VALUES and kind == "number":
        edges = np.unique(np.percentile(values.astype(float), [25, 50, 75]))
        said = [f"{edge:g}" for edge in edges]
        over = [f"over {low} to {high}" for low, high in pairwise(said)]
        banded = (f"up to {said[0]}", *over, f"over {said[-1]}")
        labels = pd.Series(np.array(banded, dtype=object)[np.searchsorted(edges, values.astype(float))])
    elif values.nunique() > MOST_VALUES and kind == "date":
        labels = pd.to_datetime(values).dt.year.astype(str)
        banded = tuple(sorted(labels.unique())) if labels.nunique() <= MOST_VALUES else None
    else:
        labels = values.map(_said)
    counts = labels.value_counts()
    order = sorted(counts.index, key=lambda each: (-int(counts[each]), str(each)))
    if banded is not None:
        order = [each for each in banded if each in counts.index]
    shown = order if len(order) <= MOST_VALUES else order[: MOST_VALUES - 1]
    codes = {each: place for place, each in enumerate(shown)}
    value = labels.map(codes).fillna(len(shown)).to_numpy().astype(np.int64)
    pairs = np.unique(np.column_stack([places, value]), axis=0) if len(places) else np.zeros((0, 2), dtype=np.int64)
    names = [str(each) for each in shown] + ([OTHERS] if len(shown) < len(order) else [])
    missing = np.setdiff1d(np.arange(n), places)
    if len(missing):
        pairs = np.vstack([pairs, np.column_stack([missing, np.full(len(missing), len(names))])])
        names.append(NOT_KNOWN)
    return Members(pairs[:, 0], pairs[:, 1], tuple(names))


def _said(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _segment(store: Store, schema: Schema, name: str, users: Ints) -> Members:
    segment = schema.segment(name, "by")
    inside = store.read(compile_rule(InSegment(segment.name), schema, store.as_of())).column(0).to_numpy()
    outside: npt.NDArray[np.int64] = (~np.isin(users, inside)).astype(np.int64)
    return Members(np.arange(len(users)), outside, (f"in {segment.name}", f"not in {segment.name}"))
