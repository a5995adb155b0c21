"""Exporting tables as files that other programs read, and that `load` takes back to the same content."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import __version__
from core.errors import Refusal
from core.progress import Step, no_step
from core.quality.repairs import listed
from core.store import Store
from core.store.copies import beside, write_anew
from core.store.digest import content_digest
from core.store.room import room_for
from core.takeout.places import check_target
from core.takeout.tables import FORMATS, PERSONAL, TABLES, Format, Table, export_mapping, table_of

_OPTIONS: dict[Format, str] = {
    "csv": "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"'",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}


def export_table(
    store: Store,
    table: str,
    path: Path,
    *,
    format: str = "csv",
    raw: bool = False,
    as_loaded: bool = False,
    step: Step = no_step,
) -> int:
    """Write one table of TABLES to a file (core.takeout.tables says what it holds); its rows. Memory stays flat.

    UTF-8 CSV: times in UTC as 2024-03-01T09:00:00, lists as JSON arrays, missing values empty, cells (and names of
    columns) that a spreadsheet would run as formulas defused, unless `raw`. Parquet is exact. A file of that name is
    replaced, at once and only when the new one is whole. Rows are as repairs show them, `as_loaded` as files had them.

    Raises Refusal `no_such_table`, `no_such_format`, `over_workspace`, `no_such_folder`, `is_a_folder`, `disk_full`,
    `cannot_write`; Cancelled.
    """
    form = _format(format)
    what = table_of(store, table)
    check_target(store, path)
    made = store.exports / f"export-{secrets.token_hex(4)}.{form}"
    [rows] = store.copy_out([(what.query(form, raw=raw), made, _OPTIONS[form])], step=step, raw=as_loaded)
    with write_anew(made, path) as put:
        put()
    return rows


def export_all(
    store: Store,
    target: Path,
    *,
    format: str = "csv",
    raw: bool = False,
    contacts: bool = False,
    as_loaded: bool = False,
    step: Step = no_step,
) -> dict[str, Any]:
    """Write every table, as one moment sees them, to a new folder, or to a new file if `target` ends in .zip.

    Beside the tables: `export.json` (what is returned: limelight, exported_at, digest, format, raw, tables {name:
    {file, rows, columns [{name, type}]}}) and, for each table that `load` takes back, `NAME.mapping.json`.
    Contacts and rejected rows, whose lines may hold contacts, only with `contacts`.

    Rows are as repairs show them, and export.json lists those (`repairs`, absent where there are none); `as_loaded`
    takes the rows as files had them, and export.json says so.

    Raises Refusal as export_table does, and `file_exists`: nothing that is there is written over.
    """
    form = _format(format)
    check_target(store, target, folder=True)
    names = [name for name in TABLES if contacts or name not in PERSONAL]
    tables = [table_of(store, name) for name in names]
    version, digest = store.version, content_digest(store, raw=as_loaded)
    work = store.exports / f"export-{secrets.token_hex(4)}"
    work.mkdir()
    try:
        parts = [(t.query(form, raw=raw), work / f"{t.name}.{form}", _OPTIONS[form]) for t in tables]
        rows = store.copy_out(parts, step=step.part(0.0, 0.8), raw=as_loaded)
        if store.version != version:
            raise Refusal("data_changed", "The data changed while they were exported.", "Export again.", exit_code=4)
        told = _told(store, tables, rows, form, raw=raw) | {"digest": digest} | _repaired(store, as_loaded)
        with room_for(target):
            (work / "export.json").write_text(_json(told), encoding="utf-8")
            for name in names:
                mapping = export_mapping(store, name, form=form, raw=raw)
                if mapping:
                    text = _json(json.loads(mapping.to_json()))
                    (work / f"{name}.mapping.json").write_text(text, encoding="utf-8")
            _place(work, target, step.part(0.8, 1.0))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    step.report(1.0, "Exported")
    return told


# ---- inside


def _format(name: str) -> Format:
    for form in FORMATS:
        if form == name:
            return form
    raise Refusal("no_such_format", f"There is no format {name!r}.", f"There are: {', '.join(FORMATS)}.")


def _told(store: Store, tables: Sequence[Table], rows: Sequence[int], form: Format, *, raw: bool) -> dict[str, Any]:
    return {
        "limelight": __version__,
        "exported_at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        "format": form,
        "raw": raw,
        "tables": {
            table.name: {
                "file": f"{table.name}.{form}",
                "rows": n,
                "columns": [
                    {"name": name, "type": column.kind}
                    for column, name in zip(table.columns, table.header(form, raw=raw), strict=True)
                ],
            }
            for table, n in zip(tables, rows, strict=True)
        },
    }


def _repaired(store: Store, as_loaded: bool) -> dict[str, Any]:
    kept = listed(store)
    if not kept:
        return {}
    return {"as_loaded": True} if as_loaded else {"repairs": kept}


def _place(work: Path, target: Path, step: Step) -> None:
    """Put the files where they were asked for: all at once, whatever happens meanwhile."""
    part = beside(target)
    files = sorted(work.iterdir())
    with ExitStack() as undo:
        undo.callback(_remove, part)
        if target.suffix == ".zip":
            with zipfile.ZipFile(part, "x", zipfile.ZIP_DEFLATED) as archive:
                for k, file in enumerate(files):
                    step.report(k / len(files), f"Packing {file.name}")
                    archive.write(file, file.name)
            os.link(part, target)  # unlike renaming, never over a file that came meanwhile
        else:
            part.mkdir()
            for k, file in enumerate(files):
                step.report(k / len(files), f"Placing {file.name}")
                shutil.copyfile(file, part / file.name)
            part.rename(target)  # over an empty folder at most


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
