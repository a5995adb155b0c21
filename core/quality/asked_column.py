"""Columns by the names that people use: what stands behind each, and what kind of values it has."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from core.errors import Refusal
from core.quality.types import KEY, Asked, Param, Scope
from core.store import ident

ValueType = Literal["number", "text", "time", "yes_no", "list"]
OWN_NAMES = {"user": "user_no", "item": "item_no", "price": "(CAST(value AS DOUBLE) / nullif(quantity, 0))"}
"""Columns of events that are named in other words, and their SQL."""

_TYPES: dict[str, ValueType] = {
    "VARCHAR": "text", "BOOLEAN": "yes_no", "TIMESTAMP": "time", "DATE": "time", "DOUBLE": "number",
    "VARCHAR[]": "list",
}  # fmt: skip
_PLAIN = {
    "at_utc": "time", "order_id": "order", "dwell": "dwell time", "item_id": "id", "user_id": "id", "event": "word",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of events, users or items.

    Attributes:
        table: whose it is.
        name: as people name it ("user", "price", "channel").
        sql: its value, in a query FROM that table alone.
        type: what kind of values it has; of "user" and "item" the raw id counts, so text.
        role: of the analyst's own columns (attribute, consent, ...), else "".
    """

    table: Scope
    name: str
    sql: str
    type: ValueType
    role: str = ""

    @property
    def missing(self) -> str:
        """SQL that is true where there is no value (an empty list is none)."""
        return f"(len({self.sql}) = 0 OR {self.sql} IS NULL)" if self.type == "list" else f"{self.sql} IS NULL"

    @property
    def plain(self) -> str:
        """What a sentence calls it."""
        return _PLAIN.get(self.name, self.name)


def table_of(table: Param) -> Scope:
    """The table that a parameter names. Raises Refusal `bad_selection`."""
    for scope in KEY:
        if table == scope:
            return scope
    raise Refusal("bad_selection", f"There is no table {table!r}.", f"There are: {', '.join(KEY)}.")


def column_of(asked: Asked, table: Param, name: Param) -> Column:
    """A column by its name, in any case. Raises Refusal `bad_selection` (no such table), `no_such_column`."""
    scope = table_of(table)
    wanted = str(name or "").strip()
    if scope == "events" and wanted.lower() in OWN_NAMES:
        own = wanted.lower()
        return Column(scope, own, OWN_NAMES[own], "number" if own == "price" else "text")
    known = asked.columns[scope]
    found = wanted if wanted in known else next((c for c in known if c.lower() == wanted.lower()), None)
    if found is None:
        names = [*OWN_NAMES, *known] if scope == "events" else list(known)
        near = get_close_matches(wanted, names, 3, 0.6) or names
        raise Refusal("no_such_column", f"There is no column {wanted!r} in {scope}.", f"There are: {', '.join(near)}.")
    kind = _TYPES.get(known[found], "number")  # DECIMAL and whole numbers
    return Column(scope, found, ident(found), kind, asked.roles.get((scope, found), ""))
