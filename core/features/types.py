"""What is asked of a feature table and what it answers, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

import pyarrow as pa

from core.errors import Refusal

Table = Literal["users", "items"]
Missing = Literal["leave", "median", "neighbours"]
Type = Literal["number", "category", "boolean"]
KEY: Mapping[Table, tuple[str, str]] = {"users": ("user_no", "user_id"), "items": ("item_no", "item_id")}

FAMILIES: Mapping[Table, Mapping[str, str]] = {
    "users": {
        "demographic": "what the file of users says of them; contacts and consent never",
        "tenure": "how long they have been known",
        "recency": "how long ago they last did something",
        "frequency": "how often they did something",
        "value": "what they paid, and what went back",
        "breadth": "how many items and categories they touched",
        "rhythm": "at which pace, at what hours and days, and whether they speed up or slow down",
        "share": "by category, channel and device",
        "rates": "how often one step led to the next",
        "interaction": "with the category they like most, and with items like those they took",
        "context": "the columns of their events that the analyst loaded besides",
    },
    "items": {
        "attribute": "what the file of items says of them",
        "tenure": "how long they have been in the catalogue",
        "popularity": "who looked, who bought, how much, and their place among all",
        "price": "what they cost, and against their category",
        "quality": "conversion, returns, ratings and people who come back for them",
        "rhythm": "at what hours and days, and whether they rise or fall",
        "share": "by channel and device",
        "interaction": "with the items that the same people took",
        "context": "the columns of their events that the analyst loaded besides",
    },
}
"""The families of each table, with what they are about."""


@dataclass(frozen=True)
class FeatureSpec:
    """Which table, of which moment, with which columns.

    Attributes:
        table: users or items.
        as_of: UTC; nothing at or after it is seen; None = just after the last event (Store.as_of).
        windows: lengths in days, rising; each ends at as_of and includes its beginning.
        families: of FAMILIES[table]; () = all.
        top: how many categories, channels, devices and context values have a column of their own.
        missing: leave them; median (of categories and yes/no the most frequent); or neighbours (the five most alike
            rows, by scikit-learn's KNNImputer). Where a value was put in, the column NAME_missing says so.
        min_events: rows with fewer events before as_of are left out; 0 keeps those that only an attribute file names.

    Raises Refusal `bad_spec`.
    """

    table: Table = "users"
    as_of: datetime | None = None
    windows: tuple[int, ...] = (7, 30, 90, 365)
    families: tuple[str, ...] = ()
    top: int = 8
    missing: Missing = "leave"
    min_events: int = 1

    def __post_init__(self) -> None:
        if self.table not in FAMILIES:
            raise _bad(f"There is no table {self.table!r}", "users, items")
        unknown = [name for name in self.families if name not in FAMILIES[self.table]]
        if unknown:
            raise _bad(f"There is no family {unknown[0]!r} of {self.table}", ", ".join(FAMILIES[self.table]))
        if self.missing not in get_args(Missing):
            raise _bad(f"Missing values cannot be treated by {self.missing!r}", ", ".join(get_args(Missing)))
        whole = all(_is_whole(days, 1, 36_500) for days in self.windows)
        if not whole or list(self.windows) != sorted(set(self.windows)) or len(self.windows) > 12:
            raise _bad("Windows must be up to 12 whole numbers of days, each longer than the one before", "7, 30, 90")
        if not _is_whole(self.top, 0, 50):
            raise _bad("The number of categories, channels and devices must be from 0 to 50", "8")
        if not _is_whole(self.min_events, 0, 10**12):
            raise _bad("The fewest events must be zero or more", "1")
        if self.as_of is not None and self.as_of.tzinfo is not None:
            object.__setattr__(self, "as_of", self.as_of.astimezone(UTC).replace(tzinfo=None))

    def chosen(self) -> tuple[str, ...]:
        """The families asked for, in the order of FAMILIES."""
        return tuple(name for name in FAMILIES[self.table] if not self.families or name in self.families)

    def as_json(self) -> dict[str, Any]:
        """The spec as plain JSON; `spec_from_json` is its inverse."""
        return {
            "table": self.table,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "windows": list(self.windows),
            "families": list(self.families),
            "top": self.top,
            "missing": self.missing,
            "min_events": self.min_events,
        }


def spec_from_json(raw: Mapping[str, Any]) -> FeatureSpec:
    """The spec that `as_json` wrote; keys left out have their defaults. Raises Refusal `bad_spec`."""
    known = FeatureSpec().as_json()
    unknown = [key for key in raw if key not in known]
    if unknown:
        raise _bad(f"A table of features has no {unknown[0]!r}", ", ".join(known))
    given = dict(raw)
    try:
        if given.get("as_of") is not None:
            given["as_of"] = datetime.fromisoformat(given["as_of"])
        for key in ("windows", "families"):
            if key in given:
                given[key] = tuple(given[key])
        return replace(FeatureSpec(table=cast(Table, given.get("table", "users"))), **given)
    except (TypeError, ValueError) as error:
        raise _bad(f"The table of features is not understood: {error}", str(known)) from None


@dataclass(frozen=True)
class FeatureColumn:
    """One feature.

    Attributes:
        name: snake_case, ASCII, unique in its table.
        family: of FAMILIES.
        type: number, category (text) or boolean.
        unit: "days", "share", "events", "money", ...; "" where there is none.
        definition: in plain words, with its period.
        missing_meaning: why a row has no value; "" where each has one.
    """

    name: str
    family: str
    type: Type
    unit: str
    definition: str
    missing_meaning: str = ""


@dataclass(frozen=True)
class FeatureTable:
    """A table of features.

    Attributes:
        spec: what was asked, with its `as_of` filled in (None only where no event has a time).
        columns: one for each column of `rows()` after the id.
        data: user_id (item_id), then the columns; numbers are float64, NULL = missing; sorted by id.
        notes: what the reader must know: what the data lack, what was filled.
        made_of: rows and events seen, event words, cells that repairs filled (JSON).
    """

    spec: FeatureSpec
    columns: tuple[FeatureColumn, ...]
    data: pa.Table
    notes: tuple[str, ...] = ()
    made_of: Mapping[str, Any] = field(default_factory=dict)

    def rows(self) -> pa.Table:
        """The table, id first."""
        return self.data

    def column(self, name: str) -> FeatureColumn:
        """The column of that name. Raises Refusal `no_such_feature`."""
        for column in self.columns:
            if column.name == name:
                return column
        near = [c.name for c in self.columns if name.split("_", maxsplit=1)[0] in c.name][:8]
        hint = f"Near it: {', '.join(near)}." if near else f"It has {len(self.columns):,} others."
        raise Refusal("no_such_feature", f"The table has no feature {name!r}.", hint)


@dataclass(frozen=True)
class Target:
    """What is to be foretold: a label for each row of a feature table.

    `ids` and `values` stand side by side; values are booleans or numbers. `rate`: share of true ones, or the mean.
    """

    name: str
    definition: str
    ids: pa.Array
    values: pa.Array

    @property
    def rate(self) -> float | None:
        """The mean of the values that are known; None where there are none."""
        known = [float(v) for v in self.values.drop_null().to_pylist()]
        return math.fsum(known) / len(known) if known else None


def _bad(message: str, known: str) -> Refusal:
    return Refusal("bad_spec", f"{message}.", f"Possible: {known}.")


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
