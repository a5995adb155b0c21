"""Features, take it away: the table as CSV or Parquet, with the file that says what each column means."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from core.features import FeatureTable, features_manifest, write_features
from core.progress import Step
from core.store import Store
from pages._ui import format as fmt
from pages._ui.downloads import file_button
from pages._ui.features_ask import Asked
from pages._ui.text import plain

_FORMS = {"CSV": "csv", "Parquet": "parquet"}
_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def draw(store: Store, asked: Asked, table: FeatureTable) -> None:
    """The files."""
    many, rows, columns = table.spec.table, table.rows().num_rows, len(table.columns)
    st.markdown(
        plain(
            f"One row for each of the {fmt.count(rows, asked.one)}, sorted by id; the id and {fmt.number(columns)} "
            f"features as columns{'' if asked.last is None else f', data up to {fmt.day(asked.last)}'}."
        )
    )
    said = st.segmented_control(
        "As", list(_FORMS), default="CSV", required=True, key="as", bind="query-params",
        help="CSV opens everywhere; a missing value is an empty cell, yes and no are true and false. Parquet keeps "
        "numbers exactly and holds the definitions too; programs read it faster.",
    )  # fmt: skip
    form = _FORMS[said]
    name = _name(asked, form)
    with st.container(horizontal=True):
        file_button(
            f"{said} of {fmt.count(rows, asked.one)}",
            partial(_table, store, table, form),
            name,
            "features_table",
            media_type=_TYPES[form],
            size=_size(table),
        )
        file_button(
            "What the columns mean (JSON)",
            partial(_meaning, store, table, name, form),
            f"{name}.json",
            "features_meaning",
            media_type="application/json",
            help="Each column's definition, and all it takes to make the same table again: the choices above, a mark "
            "of the data, the repairs in force.",
        )
        file_button(
            "Both in a ZIP",
            partial(_both, store, table, name, form),
            f"{name.rpartition('.')[0]}.zip",
            "features_both",
            media_type="application/zip",
            size=_size(table),
        )
    st.caption(
        f"The file names every one of the {many} by id: handle it as personal data."
        if many == "users"
        else "The file names no user."
    )


def _name(asked: Asked, form: str) -> str:
    until = f"-{asked.last:%Y-%m-%d}" if asked.last else ""
    return f"features-{asked.spec.table}{until}.{form}"


def _size(table: FeatureTable) -> int:
    """Bytes of the file, about."""
    return int(table.rows().nbytes)


def _table(store: Store, table: FeatureTable, form: str, path: Path, step: Step) -> None:
    sidecar = write_features(store, table, path, "parquet" if form == "parquet" else "csv", step=step)
    sidecar.unlink()


def _meaning(store: Store, table: FeatureTable, name: str, form: str, path: Path, step: Step) -> None:
    told = features_manifest(store, table) | {"file": name, "format": form}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _both(store: Store, table: FeatureTable, name: str, form: str, path: Path, step: Step) -> None:
    """Both files, zipped, in the place that the browser fetches from."""
    parts: dict[str, Callable[[Path, Step], None]] = {
        name: partial(_table, store, table, form),
        f"{name}.json": partial(_meaning, store, table, name, form),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for inside, write in parts.items():
            part = path.with_name(f"{path.name}.part")
            try:
                write(part, step.part(0.0, 0.8) if inside == name else step)
                packed.write(part, inside)
            finally:
                part.unlink(missing_ok=True)
