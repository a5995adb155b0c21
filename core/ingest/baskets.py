"""Wide baskets, "one row an order, items in one cell": how cells are parted, and rows become one row for each item.

A row stays one row while it is staged, checked and counted; only while its events are made does a table of its parts
take the place of `load_stage`. Cells of split columns are parted by ColumnMap.split; parts are trimmed. Blank parts of
the item's cell are left out, and with them what other split cells say in their place. The same item twice in one basket
is two items. Quantity and value of a row whose cells are not split are shared out evenly among its items; the shares of
the value add up to it exactly, what rounding leaves goes to the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import Refusal
from core.ingest import typed
from core.ingest.distinct import forget
from core.ingest.types import Mapping, Role, Source
from core.progress import Step, no_step
from core.store import Query, Writer, literal

if TYPE_CHECKING:
    from core.ingest.plan import Plan  # which asks this module how split cells are read

CELL = "{cell}"
SPLIT_ROLES: tuple[Role, ...] = ("item", "quantity", "price", "value", "rating", "title", "category", "context")
"""Roles whose cells may hold several parts."""


def parts(cell: str, mark: str) -> str:
    """SQL of the parts of a cell, VARCHAR[], trimmed, a blank one NULL; [] for a blank cell."""
    return (
        f"list_transform(string_split(coalesce({typed.text(cell)}, ''), {literal(mark)}), "
        f"lambda part: {typed.text('part')})"
    )


def bare(listed: str) -> str:
    """The parts without blank ones at the end, of which a trailing mark gives one."""
    place = f"CASE WHEN {listed}[n] IS NULL THEN 0 ELSE n END"
    return f"coalesce(list_max(list_transform(range(1, len({listed}) + 1), lambda n: {place})), 0)"


def part_reader(read: str, mark: str) -> str:
    """SQL that reads each part of CELL as `read` reads a cell."""
    return f"list_transform({parts(CELL, mark)}, lambda part: {read.replace(CELL, 'part')})"


def part_fault(when: str, mark: str) -> str:
    """SQL that is true where `when` (over CELL) is true for a part of CELL."""
    wrong = f"coalesce({when.replace(CELL, 'part')}, false)"
    return f"len(list_filter({parts(CELL, mark)}, lambda part: {wrong})) > 0"


def parts_differ(item: str, item_mark: str, mark: str) -> str:
    """SQL that is true where a split cell has not as many parts as the item's; a blank cell is just missing."""
    mine, its = parts(CELL, mark), parts(item, item_mark)
    as_written = f"len({mine}) <> len({its})"
    filled = f"{typed.text(CELL)} IS NOT NULL"
    return f"({filled} AND {as_written} AND {bare(mine)} <> {bare(its)})"


def check_split(mapping: Mapping) -> None:
    """Raises Refusal `bad_split`, `role_not_split`, `split_without_item`, `split_together`, `split_with_count`."""
    split = [c for c in mapping.columns if c.split is not None and c.role != "ignore"]
    if not split:
        return
    item = mapping.column("item")
    if mapping.kind != "events" or item is None or item.split is None:
        raise Refusal(
            "split_without_item",
            f"{split[0].column!r} is split, and no column of items is.",
            "Say what parts the items of a row: --split 'item=|'.",
        )
    for column in split:
        if not column.split:
            raise Refusal("bad_split", f"{column.column!r} is split by nothing.", "Name a mark: | or ; or a comma.")
        if column.role not in SPLIT_ROLES:
            raise Refusal(
                "role_not_split",
                f"{column.column!r} is the {column.role} of a row and cannot be split.",
                f"These can: {', '.join(SPLIT_ROLES)}.",
            )
    price, quantity = mapping.column("price"), mapping.column("quantity")
    if price and quantity and (price.split is None) != (quantity.split is None):
        raise Refusal(
            "split_together",
            f"One of {price.column!r} and {quantity.column!r} is split by item and the other is not.",
            "Split both, or neither, or map the order's own amount as value.",
        )
    for column in mapping.columns:
        if column.role == "count":
            raise Refusal(
                "split_with_count", f"{column.column!r} counts events of the whole row, which has several items.",
                "Map it as context, or ignore it.",
            )  # fmt: skip
        if column.role in ("title", "category") and column.split is None:
            raise Refusal(
                "split_together",
                f"{column.column!r} is the {column.role} of one item, and a row has several.",
                f"Split it too, or map it as context: context={column.column}.",
            )


def whole_cells(sources: Sequence[Source], mapping: Mapping) -> list[Source]:
    """The sources, cells of split columns as they stand: `1,5` is two parts there and no decimal comma."""
    split = {c.column for c in mapping.columns if c.split}
    return [replace(s, numbers=tuple(n for n in s.numbers if n[0] not in split)) if split else s for s in sources]


def row_value(price: str, quantity: str | None) -> str:
    """SQL of the row's value where the prices of its parts are known: the sum over its parts."""
    return f"try_cast(list_sum({part_values(price, quantity)}) AS DECIMAL(18, 4))"


def part_values(price: str, quantity: str | None) -> str:
    """SQL of a list: quantity x price of each part (one unit where only the price is known)."""
    units = f"try_cast(coalesce({quantity}[n], 1.0) AS DECIMAL(20, 4))" if quantity else "1"
    product = f"try_cast({units} * {price}[n] AS DECIMAL(18, 4))"
    return f"list_transform(range(1, len({price}) + 1), lambda n: {product})"


@contextmanager
def rows_as_parts(writer: Writer, plan: Plan, step: Step = no_step) -> Iterator[None]:
    """Inside the `with`, `load_stage` has a row for each item of each row; behind it, one for each row again.

    Its column `rowid` is that of the file's row. Nothing happens where no column is split.
    """
    item = plan.field("item")
    mark = item.map.split if item else None
    if item is None or mark is None:
        yield
        return
    writer.run("DROP TABLE IF EXISTS load_rows")
    writer.run("ALTER TABLE load_stage RENAME TO load_rows")
    writer.run(_explode(plan, mark), step=step, note="Taking baskets apart")
    forget(writer)  # the distinct values of rows are not those of their parts
    yield
    forget(writer)
    writer.run("DROP TABLE load_stage")
    writer.run("ALTER TABLE load_rows RENAME TO load_stage")


def basket_note(writer: Writer, plan: Plan) -> str:
    """What a person should know of the baskets of a load; "" where there are none."""
    item = plan.field("item")
    mark = item.map.split if item else None
    if mark is None:
        return ""
    filled = f"list_filter({parts('item_raw', mark)}, lambda part: part IS NOT NULL)"
    query = (
        "SELECT count(*) FILTER (n > 1) AS rows, coalesce(sum(n) FILTER (n > 1), 0)::BIGINT AS parts "
        f"FROM (SELECT len({filled}) AS n FROM load_stage)"
    )
    row = writer.rows(Query(query))[0]
    if not row["rows"]:
        return f"No row holds more than one item parted by {mark!r}."
    rows_hold = "row holds" if row["rows"] == 1 else "rows hold"
    said = f"{row['rows']:,} {rows_hold} several items, {row['parts']:,} in all: each is an event of its own."
    shared = [
        word
        for word, there in (
            ("value", plan.value and not plan.split_value),
            ("quantity", any(f.map.role == "quantity" and f.map.split is None for f in plan.fields)),
            ("time spent", any(f.map.role == "dwell" for f in plan.fields)),
        )
        if there
    ]
    if shared:
        are = "is" if len(shared) == 1 else "are"
        said += f" The {' and '.join(shared)} of a row {are} shared out evenly among its items."
    return said


# ---- inside


def _explode(plan: Plan, mark: str) -> str:
    n = "greatest(len(places), 1)"
    columns = ["rid AS rowid", "row_number() OVER (ORDER BY rid, k) - 1 AS event_place", "row_hash", "faults"]
    for field in plan.fields:
        if not field.staged:
            continue
        if field.map.role == "item":
            columns.append("held[places[k]] AS item_raw")
        elif field.map.split is not None:
            columns.append(f"{field.name}[coalesce(places[k], 1)] AS {field.name}")
        elif field.map.role in ("quantity", "dwell"):
            columns.append(f"{field.name} / {n} AS {field.name}")
        else:
            columns.append(field.name)
    if plan.value:
        columns.append(f"{_part_of_value(plan, n)} AS value")
    held = parts("item_raw", mark)
    return (
        f"CREATE TEMP TABLE load_stage AS SELECT {', '.join(columns)} FROM ("
        f"SELECT *, unnest(range(1, {n} + 1)) AS k FROM ("
        "SELECT *, list_filter(range(1, len(held) + 1), lambda n: held[n] IS NOT NULL) AS places FROM ("
        f"SELECT rowid AS rid, *, {held} AS held FROM load_rows))) ORDER BY rid, k"
    )


def _part_of_value(plan: Plan, n: str) -> str:
    """An item's part of the row's value: its own where its cell or price is split, else an even share."""
    if plan.split_value:
        return f"({plan.split_value})[coalesce(places[k], 1)]"
    share = f"CAST((CAST(value AS DECIMAL(30, 4)) * 10000)::HUGEINT // {n} AS DECIMAL(30, 0)) * 0.0001"
    share = f"CAST({share} AS DECIMAL(18, 4))"
    return f"CASE WHEN k = 1 THEN CAST(value - {share} * ({n} - 1) AS DECIMAL(18, 4)) ELSE {share} END"
