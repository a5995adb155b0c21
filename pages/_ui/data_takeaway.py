"""Taking the data away: each table as a file, all of them in one, and the whole workspace as a backup."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.store import Store
from core.takeout import FORMATS, PERSONAL, TABLES, backup, export_all, export_table, table_rows
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import file_button
from pages._ui.text import plain

_SAID = {
    "events": "One row for each event, with the ids of user and item, its time (UTC) and all that files say of it",
    "users": "One row for each user, with the attributes that files brought; no contacts",
    "items": "One row for each item, with title, category and attributes",
    "contacts": "How users can be reached: personal data",
    "batches": "The record of all loads",
    "rejects": "Rows that were rejected, with the reason; they may hold personal data",
    "segments": "Saved segments, as rules",
    "groups": "Kept groups of users (clusters, look-alikes, lists, frozen members), one row for each of their users",
}
_CALLED = {
    "events": "Events",
    "users": "Users",
    "items": "Items",
    "contacts": "Contacts",
    "batches": "Loads",
    "rejects": "Rejected rows",
    "segments": "Segments",
    "groups": "Groups of users",
}
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_BYTES = {"csv": 90, "parquet": 30}  # of a row of events, about: to tell files that are written first from small ones


def draw_takeaway(store: Store) -> None:
    """A table, everything, a backup: each a file to download, of any length."""
    _tables(store)
    st.divider()
    _backup(store)


def _tables(store: Store) -> None:
    st.markdown("**Tables as files**, for another program, or to be loaded here again.")
    rows = ask(store, table_rows)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        table = st.selectbox(
            "Table",
            [t for t in TABLES if rows[t]] or ["events"],
            format_func=_CALLED.__getitem__,
            key="take_table",
        )
    with right:
        form = st.segmented_control(
            "Format",
            list(FORMATS),
            default="csv",
            required=True,
            format_func={"csv": "CSV", "parquet": "Parquet"}.__getitem__,
            key="take_format",
            help="CSV opens in a spreadsheet; cells that it would run as a formula get a ' before them. Parquet keeps "
            "every value and its type exactly.",
        )
    st.caption(f"{_SAID[table]}: {fmt.count(rows[table], 'row')}.")
    with st.container(horizontal=True):
        file_button(
            f"Download {_CALLED[table].lower()}",
            lambda path, step: export_table(store, table, path, format=form, step=step),
            f"{store.path.stem}-{table}.{form}",
            f"take_{table}_{form}",
            media_type=_MEDIA[form],
            size=rows[table] * _BYTES[form],
        )
        personal = st.session_state.get("take_personal", False)
        file_button(
            "Download all tables (zip)",
            lambda path, step: _all(store, path, form, personal, step),
            f"{store.path.stem}.zip",
            f"take_all_{form}_{personal}",
            media_type="application/zip",
            size=rows["events"] * _BYTES[form],
            help="With a description of every column, and the mappings by which Limelight loads them again.",
        )
    if any(rows[t] for t in PERSONAL):
        st.checkbox("All tables: with contacts and rejected rows, which hold personal data", key="take_personal")


def _all(store: Store, path: Any, form: str, personal: bool, step: Any) -> None:
    made = path.with_suffix(".zip")
    export_all(store, made, format=form, contacts=personal, step=step)
    made.replace(path)


def _backup(store: Store) -> None:
    size = size_of(store.path)
    st.markdown(
        "**A backup of the whole workspace:** data, segments, lists, models and the record of loads, in one file. "
        "You and others may go on working while it is made."
    )
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    file_button(
        "Download a backup",
        partial(_back_up, store),
        f"{store.path.stem}-{day}.duckdb",
        "take_backup",
        media_type="application/vnd.duckdb",
        size=size,
        help=f"About {fmt.size(size)}. It is checked before it is handed over.",
    )
    st.caption(
        f"To bring one back, go to Settings. The workspace itself is the file {plain(str(store.path))}; an encrypted "
        "workspace gives an encrypted backup, which needs the same key."
    )


def size_of(path: Path) -> int:
    """Bytes of a workspace's file, with the log beside it that holds at first what was loaded last."""
    return sum(file.stat().st_size for file in (path, path.with_name(f"{path.name}.wal")) if file.exists())


def _back_up(store: Store, path: Any, step: Any) -> None:
    backup(store, path, replace=True, step=step)
