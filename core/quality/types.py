"""What is wrong with data, as values: which rows a finding is about, what they change, and the repair that mends them.

A `Selection` says which rows, users or items; it is what stands behind a finding's count, its examples, its effect
and the repair that is offered for it, so that all four are about the same rows. A `Repair` is a selection and an
action. Both are frozen and have a JSON form (core.quality.codec). Of events the columns "user", "item" and "price"
(value / quantity) can be named too, wherever a column is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

import pyarrow as pa

from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query

Scope = Literal["events", "users", "items"]
KEY: dict[Scope, str] = {"events": "event_no", "users": "user_no", "items": "item_no"}
"""The number that names a row of each table."""

Param = str | float | int | bool | tuple[str, ...] | None
Level = Literal["serious", "look", "note"]
"""serious: it makes figures or lists wrong; look: it may; note: worth knowing, seldom to be repaired."""


class Reader(Protocol):
    """What questions are put to: a Store (its readers see repairs), or a Writer inside `Writer.repaired()`."""

    def read(self, query: Query, *, step: Step = no_step) -> pa.Table:
        """The answer as an Arrow table."""
        ...

    def rows(self, query: Query, *, step: Step = no_step) -> list[dict[str, Any]]:
        """The answer as plain dicts, for small results."""
        ...


@dataclass(frozen=True)
class Selection:
    """Rows of events, users or items, chosen by a rule of the registry (core.quality.kinds).

    Attributes:
        code: name of the rule: "missing", "bot", "price_outlier", "where", "ids", ...
        params: what the rule asks for, name -> value; those left out have the rule's defaults.
    """

    code: str
    params: tuple[tuple[str, Param], ...] = ()

    @staticmethod
    def of(code: str, **params: Param) -> Selection:
        """A selection with its parameters in the order of their names, so that equal ones are equal.

        >>> Selection.of("missing", table="users", column="age").get("column")
        'age'
        """
        return Selection(code, tuple(sorted(params.items())))

    def get(self, name: str) -> Param:
        """A parameter that was given; None where it was not."""
        return dict(self.params).get(name)


@dataclass(frozen=True)
class Exclude:
    """Leave the rows out of every question. Users and items go with their events; events alone go alone."""


@dataclass(frozen=True)
class Cap:
    """Winsorise: values below `low` become `low`, above `high` become `high`; rows stay.

    Attributes:
        column: a number column of the selection's table; of events also "price" (value / quantity; value follows).
            Capping quantity keeps the price, so value follows too.
        low, high: in the column's unit, or with `quantiles` shares from 0 to 1 of the values; None = no limit.
        group: a column; quantiles are then taken within each of its values (for events also "item").
    """

    column: str
    low: float | None = None
    high: float | None = None
    quantiles: bool = False
    group: str | None = None


FillMethod = Literal["constant", "mean", "median", "mode", "interpolate", "neighbours", "iterative"]


@dataclass(frozen=True)
class Fill:
    """Put a value where there is none, or in the place of the values selected (an outlier, say). Rows stay, marked.

    Attributes:
        column: of the selection's table; of events also "price" (value / quantity; value follows).
        method: constant; mean, median, mode of the values that are not selected; interpolate (in time: linear between
            the neighbours before and after, per group if there is one, nearest at the ends; numbers only); neighbours
            (scikit-learn's KNNImputer over `using`); iterative (IterativeImputer over `using`).
        value: the constant, as text or number.
        group: a column within whose values the figure is taken (events: also "item", "user"); a group without any value
            takes the figure of all.
        using: columns that neighbours and iterative look at; () = all numbers and categories of the table.
        neighbours: how many, for "neighbours".
    """

    column: str
    method: FillMethod
    value: str | float | None = None
    group: str | None = None
    using: tuple[str, ...] = ()
    neighbours: int = 5


@dataclass(frozen=True)
class Returns:
    """Purchases among the rows become returns: event "return", quantity and value zero or below. Others stay."""


@dataclass(frozen=True)
class Merge:
    """Several ids are one user or item: events go to the one kept, attributes are taken from the others where missing.

    Attributes:
        table: users or items.
        pairs: (raw id, raw id it becomes part of); () with the selection "alike_ids" = all ids that differ only as its
            parameters say, each into the one with the most events (ties: the smaller id).
    """

    table: Literal["users", "items"]
    pairs: tuple[tuple[str, str], ...] = ()


Action = Exclude | Cap | Fill | Returns | Merge


@dataclass(frozen=True)
class Repair:
    """A rule that mends data: what is chosen, and what is done to it. `note` is the analyst's own word on why."""

    selection: Selection
    action: Action
    note: str = ""


@dataclass(frozen=True)
class Figures:
    """Key figures of all the data that a reader sees. Money in the file's currency; definitions: core.behaviour."""

    events: int
    users: int  # with at least one event
    items: int  # with at least one event
    buyers: int
    orders: int
    revenue: float  # net: purchases less returns
    gross: float  # purchases alone
    returned: float  # value of returns, zero or above


@dataclass(frozen=True)
class Effect:
    """What the rows of a finding do to the figures: with them, and without them.

    `without`: the figures as if the rows (of users and items: all their events) had not been there. `enter`, `leave`:
    labels of items that come into, and drop out of, the ten with the most net revenue.
    """

    with_: Figures
    without: Figures
    leave: tuple[str, ...] = ()
    enter: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        code: the rule's name, as in Selection.code where there is a selection.
        level: how much it matters.
        title: one sentence with the figure in it, for people.
        meaning: how it was told, with the limits that were used.
        scope: what `count` counts: events, users, items; or "rows" of files (seen by the load only), days, columns.
        count: how many.
        of: of how many.
        column: the column it is about; None where it is about whole rows.
        selection: the rows behind it; None where there are none (cells of files, days without events).
        examples: up to 8 rows as name -> value: the plainest first.
        facts: further figures, name -> value (JSON).
        repairs: what may be done, the best first; () where there is nothing to do.
        effect: None until asked for, or where there is no selection.
        users: distinct users behind it; None where not counted.
    """

    code: str
    level: Level
    title: str
    meaning: str
    scope: Literal["events", "users", "items", "rows", "days", "columns"]
    count: int
    of: int
    column: str | None = None
    selection: Selection | None = None
    examples: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    effect: Effect | None = None
    users: int | None = None

    @property
    def share(self) -> float | None:
        """Count / of, from 0 to 1; None where there is nothing to count."""
        return self.count / self.of if self.of else None


@dataclass
class Asked:
    """What detectors and selections are handed: the data as they now show, and what others have worked out already.

    Attributes:
        reader: see Reader.
        end: just after the last event that counts (Store.as_of); None without times.
        columns: table -> column -> DuckDB type, of the columns that hold data (numbers of rows and ids left out).
        roles: (table, column) -> role, of the analyst's own columns (attribute, title, category, context, ...).
        held: answers that several detectors need, by name; `core.quality.ask.remember` fills it.
    """

    reader: Reader
    end: datetime | None
    columns: Mapping[Scope, Mapping[str, str]]
    roles: Mapping[tuple[str, str], str]
    step: Step = no_step
    held: dict[str, Any] = field(default_factory=dict)


class Chooser(Protocol):
    """A rule of the registry: which rows a selection means. See core.quality.kinds for all of them."""

    def __call__(self, asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
        """The numbers (Query with one column, or an array of int64) of the rows chosen; each at least once, no NULL."""
        ...


@dataclass(frozen=True)
class Kind:
    """A rule by which rows can be chosen.

    Attributes:
        code: its name in Selection.code.
        scope: whose numbers it yields; None where the parameter `table` says so.
        label: a few words for people ("users that look like bots").
        defaults: parameter -> default; a parameter without a sensible default has None and must be given.
        choose: the numbers of the rows.
    """

    code: str
    scope: Scope | None
    label: str
    defaults: Mapping[str, Param]
    choose: Chooser

    def filled(self, selection: Selection) -> dict[str, Param]:
        """All parameters of a selection, defaults included. Raises Refusal `bad_selection` for unknown ones."""
        given = dict(selection.params)
        for name in given:
            if name not in self.defaults:
                known = ", ".join(self.defaults) or "none"
                raise Refusal("bad_selection", f"{self.code!r} has no parameter {name!r}.", f"There are: {known}.")
        return {**self.defaults, **given}
