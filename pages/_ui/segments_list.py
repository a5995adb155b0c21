"""Segments: a list of user ids from a file, or pasted, kept as a group."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import streamlit as st

from core.errors import Refusal
from core.segments import InGroup, ListReport, Segment, list_from_file, list_from_text, save_segment
from core.store import Store
from pages._ui import format as fmt
from pages._ui import segments_counts
from pages._ui.segments_members import SEGMENT, edit, tell
from pages._ui.shell import refuse
from pages._ui.text import plain

_OPEN, _REPORT = "list_open", "_list_report"


def opener() -> None:
    """What opens the form."""
    st.toggle("Bring a list of ids", key=_OPEN, help="A CSV or a text of user ids becomes a group of users.")


def draw(store: Store) -> None:
    """The form while it is open, and what was read last."""
    if st.session_state.get(_OPEN):
        with st.container(border=True):
            st.markdown("**Segment from a list of ids**")
            _form(store)
    report = _report(store)
    if report is not None:
        with st.container(border=True):
            _told(store, report)


def _form(store: Store) -> None:
    given = st.file_uploader(
        "The list",
        ["csv", "tsv", "txt"],
        key="list_file",
        help="One id a line, or a table with a column of user ids, parted by comma, semicolon, tab or bar.",
    )
    pasted = st.text_area(
        "or paste it here", key="list_text", height=100, placeholder="One user id a line", disabled=given is not None
    )
    suggested = Path(given.name).stem[:80].strip() if given is not None else ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the list", suggested, key=f"list_name_{suggested}", max_chars=80, width=300)
        column = st.text_input(
            "Column of the ids",
            key="list_column",
            width=220,
            placeholder="found by its name",
            help="Only for a table whose column cannot be told by its name (user_id, customer_id, email, …).",
        )
        replace = st.checkbox("Replace a list of that name", key="list_replace")
    ready = bool(name.strip()) and (given is not None or bool((pasted or "").strip()))
    if not ready:
        st.caption("Choose a file or paste ids, and give the list a name.")
    if st.button("Keep the list", key="list_keep", type="primary", disabled=not ready):
        segments_counts.clear_way(store)
        try:
            if given is None:
                made = list_from_text(store, name.strip(), pasted or "", column=column.strip() or None, replace=replace)
            else:
                made = _from_file(store, name.strip(), given, column.strip() or None, replace=replace)
        except Refusal as refusal:
            refuse(refusal)
            return
        st.session_state[_REPORT] = (str(store.path), made)
        st.session_state.pop(_OPEN, None)
        st.rerun()


def _from_file(store: Store, name: str, given: object, column: str | None, *, replace: bool) -> ListReport:
    """By way of the spool: the file keeps its name there, which the group's words and refusals speak of."""
    folder = store.spool / f"list-{uuid.uuid4().hex}"
    path = folder / (Path(given.name).name[-100:] or "ids.csv")  # type: ignore[attr-defined]  # Streamlit's own type
    try:
        folder.mkdir()
        path.write_bytes(given.getbuffer())  # type: ignore[attr-defined]
        return list_from_file(store, name, path, column=column, replace=replace)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _report(store: Store) -> ListReport | None:
    path, report = st.session_state.get(_REPORT, ("", None))
    return report if path == str(store.path) and isinstance(report, ListReport) else None


def _told(store: Store, report: ListReport) -> None:
    """What became of every line, and what to do next."""
    st.markdown(f"**“{plain(report.name)}” is kept.** {fmt.count(report.lines, 'line')}: {plain(_lines(report))}.")
    if report.unknown_ids:
        more = "" if report.unknown == len(report.unknown_ids) else ", …"
        shown = ", ".join(f"“{id_[:60]}”" for id_ in report.unknown_ids)
        st.caption(f"Not in the data: {plain(shown)}{more}. They are kept, and count once such users are loaded.")
    if not report.known:
        st.warning("None of these ids is a user of these data. Is it the right column, and are they the same ids?")
    with st.container(horizontal=True):
        if st.button("Save as segment", key="list_save", type="primary", help=f"A segment called “{report.name}”."):
            _save(store, report)
        st.button("Use in a rule", key="list_edit", on_click=_use, args=(store, report))
        st.button("Done", key="list_done", on_click=_forget, type="tertiary")


def _lines(report: ListReport) -> str:
    """Every line counted once."""
    column = f" in column “{report.column}”" if report.column else ""
    fates = (
        (report.known, "known", "known"),
        (report.unknown, "not in the data", "not in the data"),
        (report.repeated, "repeated", "repeated"),
        (report.blank, "blank", "blank"),
        (report.erased, "of an erased user, left out", "of erased users, left out"),
    )
    said = [f"{fmt.number(n)} {one if n == 1 else many}" for n, one, many in fates if n]
    return ", ".join(said) + column


def _save(store: Store, report: ListReport) -> None:
    segments_counts.clear_way(store)
    try:
        save_segment(store, Segment(report.name, InGroup(report.name)))
    except Refusal as refusal:
        refuse(refusal)
        return
    _forget()
    st.session_state.pop(SEGMENT, None)
    tell(f"Saved as “{report.name}”: open it below.")
    st.rerun()


def _use(store: Store, report: ListReport) -> None:
    _forget()
    edit(store, InGroup(report.name))


def _forget() -> None:
    st.session_state.pop(_REPORT, None)
