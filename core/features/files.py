"""Feature tables as files: CSV or Parquet, with a file beside it that says what each column means."""

from __future__ import annotations

import csv
import json
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from core import __version__
from core.errors import Refusal
from core.features.types import FeatureTable
from core.progress import Step, no_step
from core.quality import listed
from core.store import Store, defuse
from core.store.copies import write_anew
from core.store.digest import content_digest
from core.store.room import room_for

Form = Literal["csv", "parquet"]
_ROWS = 20_000


def write_features(
    store: Store, table: FeatureTable, file: Path, form: Form | None = None, *, step: Step = no_step
) -> Path:
    """Write the table to `file`, and `features_manifest` beside it as FILE.json, whose path is returned.

    CSV: UTF-8, missing values empty, yes/no as true and false, cells and names that a spreadsheet would run defused.
    Parquet: exact, definitions in the columns' metadata too. `form` None = by the file's ending. Both files are put in
    place when they are whole, replacing what was there.

    Raises Refusal `no_such_format`, `over_workspace`, `no_such_folder`, `is_a_folder`, `disk_full`, `cannot_write`;
    Cancelled.
    """
    form = form or ("parquet" if file.suffix.lower() == ".parquet" else "csv")
    if form not in get_args(Form):
        raise Refusal("no_such_format", f"There is no format {form!r}.", "There are: csv, parquet.")
    sidecar = file.with_name(f"{file.name}.json")
    for path in (file, sidecar):
        _check(store, path)
    made = store.exports / f"features-{secrets.token_hex(4)}.{form}"
    said = store.exports / f"{made.name}.json"
    try:
        with room_for(made):
            (_csv if form == "csv" else _parquet)(table, made, step)
            text = json.dumps(features_manifest(store, table) | {"file": file.name, "format": form}, indent=1)
            said.write_text(text + "\n", encoding="utf-8")
        with write_anew(made, file) as put, write_anew(said, sidecar) as put_said:
            put()
            put_said()
    finally:
        made.unlink(missing_ok=True)
        said.unlink(missing_ok=True)
    step.report(1.0, "Written")
    return sidecar


def features_manifest(store: Store, table: FeatureTable) -> dict[str, Any]:
    """What made the table, as JSON: spec, as_of, data digest, repairs in force, notes, and each column's definition."""
    return {
        "limelight": __version__,
        "spec": table.spec.as_json(),
        "as_of": None if table.spec.as_of is None else table.spec.as_of.isoformat(),
        "rows": table.rows().num_rows,
        "digest": content_digest(store),
        "repairs": listed(store),
        "made_of": dict(table.made_of),
        "notes": list(table.notes),
        "columns": [asdict(column) for column in table.columns],
    }


def _csv(table: FeatureTable, made: Path, step: Step) -> None:
    rows = table.rows()
    texts = {0} | {n for n, column in enumerate(table.columns, 1) if column.type == "category"}
    with made.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([defuse(name) for name in rows.column_names])
        done = 0
        for batch in rows.to_batches(_ROWS):
            step.report(0.9 * done / max(rows.num_rows, 1), "Writing the file")
            cells = [_cells(column, n in texts) for n, column in enumerate(batch.columns)]
            writer.writerows(zip(*cells, strict=True))
            done += batch.num_rows


def _cells(column: pa.Array, text: bool) -> list[Any]:
    values = column.to_pylist()
    if text:
        return [None if v is None else defuse(v) for v in values]
    if pa.types.is_boolean(column.type):
        return [None if v is None else str(v).lower() for v in values]
    return [int(v) if v is not None and v.is_integer() and abs(v) < 1e15 else v for v in values]


def _parquet(table: FeatureTable, made: Path, step: Step) -> None:
    rows = table.rows()
    fields = [rows.schema.field(0)] + [
        rows.schema.field(n).with_metadata({"definition": c.definition, "unit": c.unit, "family": c.family})
        for n, c in enumerate(table.columns, 1)
    ]
    schema = pa.schema(fields)
    with pq.ParquetWriter(made, schema, compression="zstd") as writer:
        done = 0
        for batch in rows.cast(schema).to_batches(100_000):
            step.report(0.9 * done / max(rows.num_rows, 1), "Writing the file")
            writer.write_batch(batch)
            done += batch.num_rows


def _check(store: Store, path: Path) -> None:
    """Refuse a place that cannot be written to; as core.takeout does, which a capability cannot import."""
    workspace = store.path.resolve()
    if path.resolve() in (workspace, workspace.with_name(f"{workspace.name}.wal")) or (
        path.exists() and path.samefile(store.path)
    ):
        raise Refusal("over_workspace", f"{path} is the workspace itself.", "Name another file.")
    if not path.absolute().parent.is_dir():
        raise Refusal("no_such_folder", f"The folder {path.parent} does not exist.", "Make it first, or name another.")
    if path.is_dir():
        raise Refusal("is_a_folder", f"{path} is a folder.", "Name a file.")
