"""Whether the cells of an item column are baskets: several items in one cell, and what parts them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from core.ingest.baskets import parts
from core.ingest.dialect import LINE
from core.ingest.names import hints, plain
from core.ingest.profile import ColumnFacts, Facts, table
from core.ingest.roles import Part
from core.ingest.types import Role, Source
from core.progress import Step, no_step
from core.store import Query, Store, ident, literal

_MARKS = ("|", ";", "\x1f", ",")
_BASKETS = ("basket", "cart", "contents", "line", "lines", "warenkorb", "panier")
_WITH_ITEMS: tuple[Role, ...] = ("quantity", "price", "value", "title", "category")
_SPLIT_TOO: tuple[Role, ...] = ("quantity", "price", "value", "rating", "title", "category", "context")


@dataclass(frozen=True)
class Baskets:
    """The roles, what parts the cells of split columns, and a clause of evidence for each of those."""

    roles: dict[str, Part]
    marks: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)


def guess_baskets(store: Store, source: Source, found: Facts, roles: dict[str, Part], step: Step = no_step) -> Baskets:
    """Baskets in the item column where at least half of its cells hold several parts by one of `|`, `;` and `,`.

    A comma counts only where the parts come back (a title has commas too). Other columns whose cells have as many
    parts as the item's, in nine of ten rows, are split with it, in the role that their names say.
    """
    item = _item_column(source, found, roles)
    if item is None:
        return Baskets(roles)
    for mark in _MARKS:
        if not any(mark in value for value in found.named(item).examples):
            continue
        several, filled, all_parts, different = _counted(store, source, found, item, mark, step)
        back = mark != "," or different <= 0.7 * all_parts
        if filled and several >= 0.5 * filled and back:
            break
    else:
        return Baskets(roles)
    out = {name: part for name, part in roles.items() if part.role not in ("title", "category", "count")}
    out[item] = replace(roles[item], role="item") if item in roles else Part("item", by="values")
    out = {name: part for name, part in out.items() if part.role != "item" or name == item}
    said = {item: f"{several:,} of {filled:,} cells hold several parts by {mark!r}: each part is taken as an item"}
    marks = {item: mark}
    for column in found.columns:
        role = _beside(column, out, roles)
        if role and column.name != item and _as_many(store, source, found, (item, column.name), mark, role, step):
            out[column.name] = Part(role) if role != "context" else Part("context", by="values")
            marks[column.name] = mark
            said[column.name] = f"as many parts by {mark!r} as the row has items"
    return Baskets(out, marks, said)


def _item_column(source: Source, found: Facts, roles: dict[str, Part]) -> str | None:
    if source.delimiter == LINE:
        return source.columns[0]
    named = next((name for name, part in roles.items() if part.role == "item"), None)
    if named:
        return named
    for column in found.columns:
        last = plain(column.name).split("_")[-1]
        words = {h.role for word in (last, last.removesuffix("s")) for h in hints(word)}
        free = column.name not in roles or roles[column.name].role == "order"
        if column.filled and free and ("item" in words or last in _BASKETS):
            return column.name
    return None


def _beside(column: ColumnFacts, taken: dict[str, Part], before: dict[str, Part]) -> Role | None:
    """The role that a column could have beside the split item; None where it is about the whole row."""
    if not column.filled or (column.name in taken and taken[column.name].role not in _SPLIT_TOO):
        return None
    if column.name in before and before[column.name].role in _SPLIT_TOO:
        return before[column.name].role
    last = plain(column.name).split("_")[-1]
    named = [h.role for word in (plain(column.name), last, last.removesuffix("s")) for h in hints(word)]
    have = {part.role for part in taken.values()}
    return next((role for role in named if role in _WITH_ITEMS and role not in have), "context")


def _counted(store: Store, source: Source, found: Facts, item: str, mark: str, step: Step) -> tuple[int, int, int, int]:
    """Cells with several parts, cells with any, parts in all, different parts."""
    listed = f"list_filter({parts(ident(item), mark)}, lambda part: part IS NOT NULL)"
    rows = Query(f"SELECT {listed} AS held FROM ") + table(source, found.sampled)
    cells = store.rows(
        Query(
            "SELECT count(*) FILTER (len(held) > 1) AS several, count(*) FILTER (len(held) > 0) AS filled, "
            "coalesce(sum(len(held)), 0)::BIGINT AS all_parts FROM ("
        )
        + rows
        + ")",
        step=step,
    )[0]
    apart = store.rows(Query("SELECT count(DISTINCT part) AS n FROM (SELECT unnest(held) AS part FROM (") + rows + "))")
    several, filled, all_parts = (int(str(cells[name])) for name in ("several", "filled", "all_parts"))
    return several, filled, all_parts, int(str(apart[0]["n"]))


def _as_many(
    store: Store, source: Source, found: Facts, names: tuple[str, str], mark: str, role: Role, step: Step
) -> bool:
    item, other = map(ident, names)
    listed = parts(other, mark)
    number = "try_cast(part AS DOUBLE) IS NULL AND part IS NOT NULL"
    several = f"contains({item}, {literal(mark)}) AND {other} IS NOT NULL"
    query = Query(
        f"SELECT count(*) FILTER ({several}) AS rows, "
        f"count(*) FILTER ({several} AND len({parts(item, mark)}) = len({listed})) AS same, "
        f"count(*) FILTER ({several} AND len(list_filter({listed}, lambda part: {number})) = 0) AS numbers FROM "
    ) + table(source, found.sampled)
    row = store.rows(query, step=step)[0]
    rows, same, numbers = (int(str(row[name])) for name in ("rows", "same", "numbers"))
    return rows > 0 and same >= 0.9 * rows and (role not in ("quantity", "price", "value") or numbers >= 0.9 * rows)
