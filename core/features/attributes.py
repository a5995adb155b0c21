"""What the files of users and items say of them, as features; values that a repair put in are marked."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from core.features.names import distinct
from core.features.scan import arrow, feature
from core.features.types import FeatureColumn
from core.features.world import World, is_number
from core.store import Query, ident, joined

_SHUT = ("contact", "consent")


@dataclass(frozen=True)
class Attributes:
    """The columns with their values, side by side with `keys`; `filled`: raw column -> cells that repairs filled."""

    columns: tuple[FeatureColumn, ...]
    keys: pa.Array
    values: tuple[pa.Array, ...]
    filled: dict[str, int]


def attributes(world: World) -> Attributes:
    """The attribute columns of the world's table.

    They are as the files loaded last say, not as they were at as_of: nothing tells when an attribute changed. A date
    becomes days before as_of, and is missing where it lies after; contacts and consent never appear.
    """
    table = world.spec.table
    family = "demographic" if table == "users" else "attribute"
    shown = [(name, kind) for name, kind in world.columns[table].items() if world.roles.get((table, name)) not in _SHUT]
    stems = distinct([name for name, _ in shown])
    filled = _filled(world)
    columns: list[FeatureColumn] = []
    cells: list[Query] = []
    for stem, (name, kind) in zip(stems, shown, strict=True):
        made = _columns(world, f"attr_{stem}", name, kind, family)
        columns += [column for column, _ in made]
        cells += [cell for _, cell in made]
        if name in filled:
            text = f"Whether a repair put in the value of the column {name!r}, which the file left empty or had wrong."
            columns.append(feature(f"attr_{stem}_filled", family, "", text, type="boolean"))
            among = "(SELECT DISTINCT key FROM repair_cells WHERE table_name = ? AND column_name = ?)"
            cells.append(Query(f"t.{world.key} IN {among}", (table, name)))
    listed = joined(", ", [cell + f" AS c{n}" for n, cell in enumerate(cells)])
    if not cells:
        return Attributes((), pa.array([], pa.int32()), (), filled)
    answer = world.store.read(Query(f"SELECT t.{world.key} AS key, ") + listed + f" FROM {table} t", step=world.step)
    values = [answer.column(n + 1).cast(arrow(c.type)).combine_chunks() for n, c in enumerate(columns)]
    return Attributes(tuple(columns), answer.column(0).combine_chunks(), tuple(values), filled)


def _columns(world: World, stem: str, name: str, kind: str, family: str) -> list[tuple[FeatureColumn, Query]]:
    cell, missing = f"t.{ident(name)}", f"The file has no {name!r} for them."
    said = f"The column {name!r} of the file, as loaded last"
    if kind == "BOOLEAN":
        return [(feature(stem, family, "", f"{said}.", missing, type="boolean"), Query(cell))]
    if is_number(kind):
        unit = "money" if world.roles.get((world.spec.table, name)) == "price" else f"unit of {name!r}"
        return [(feature(stem, family, unit, f"{said}.", missing), Query(f"CAST({cell} AS DOUBLE)"))]
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        text = f"Days from the column {name!r} of the file to as_of."
        made = feature(f"{stem}_age_days", family, "days", text, f"{missing} Or it lies after as_of.")
        if world.as_of is None:
            return [(made, Query("NULL::DOUBLE"))]
        days = Query("(epoch_us(?::TIMESTAMP) - epoch_us(", (world.as_of,))
        days += f"CAST({cell} AS TIMESTAMP))) / 86400000000.0"
        return [(made, Query("CASE WHEN ") + days + " >= 0 THEN " + days + " END")]
    if kind.endswith("[]"):
        text = f"How many entries the list in the column {name!r} of the file has, as loaded last."
        return [(feature(f"{stem}_count", family, "entries", text, missing), Query(f"CAST(len({cell}) AS DOUBLE)"))]
    return [(feature(stem, family, "", f"{said}.", missing, type="category"), Query(f"CAST({cell} AS VARCHAR)"))]


def _filled(world: World) -> dict[str, int]:
    cells = Query(
        "SELECT column_name, count(DISTINCT key) AS n FROM repair_cells WHERE table_name = ? GROUP BY column_name",
        (world.spec.table,),
    )
    return {str(row["column_name"]): int(row["n"]) for row in world.store.rows(cells, step=world.step)}
