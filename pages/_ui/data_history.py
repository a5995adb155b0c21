"""The loads of a workspace: each with its rows accounted for, its rejected rows, and a way to take it back."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import streamlit as st

from core.errors import Refusal
from core.ingest import batches, undo
from core.jobs import JobSpec, runner_for
from core.progress import Step
from core.store import Store, Writer
from pages._ui import data_report, shell, state
from pages._ui import data_words as words
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.data_joining import overlap_said
from pages._ui.text import plain

_SHOWN = 10
_COUNTS = ("rows_read", "rows_loaded", "rows_rejected", "rows_duplicate", "rows_overlap")
Batch = dict[str, Any]


def draw_history(store: Store) -> None:
    """Every load that counts, the latest first; those replaced and those taken back below."""
    all_ = ask(store, batches)
    if not all_:
        st.caption("Nothing yet.")
    live = [b for b in reversed(all_) if b["live"]]
    if live:
        if shell.holds_events(store) and st.button("See what is wrong with the data", key="history_quality"):
            state.go("quality")
        _together(live)
        more = len(live) > _SHOWN and st.toggle(f"Show all {len(live)} loads", key="history_all")
        for batch in live if more else live[:_SHOWN]:
            _batch(store, batch)
    replaced = [b for b in reversed(all_) if b["replaced_by"] is not None]
    if replaced:
        with st.expander(f"Loads whose place a later one took ({len(replaced)})"):
            st.caption("They do not count. Each counts again when the load that took its place is taken back.")
            for batch in replaced:
                _batch(store, batch)
    undone = [b for b in reversed(all_) if b["undone_at"] is not None]
    if undone:
        with st.expander(f"Loads taken back ({len(undone)})"):
            for batch in undone:
                loaded, undone_at = fmt.moment(batch["loaded_at"]), fmt.moment(batch["undone_at"])
                rows = fmt.count(batch["rows_read"], "row")
                st.markdown(f"{_names(batch)}: {rows}, loaded {loaded}, taken back {undone_at} (UTC)")


def _together(live: list[Batch]) -> None:
    """A sentence for each kind of which there are several loads, so that the sums can be checked in one look."""
    for kind in words.KIND_NOUNS:
        mine = [b for b in live if b["kind"] == kind]
        if len(mine) > 1:
            sums = [sum(b[f] for b in mine) for f in _COUNTS]
            st.markdown(f"{data_report.reconciled(kind, *sums)}, in {len(mine)} loads")


def _batch(store: Store, batch: Batch) -> None:
    number = batch["batch_no"]
    with st.container(border=True, key=f"batch_{number}"):
        left, right = st.columns((3, 1), vertical_alignment="top")
        with left:
            counts = [batch[f] for f in _COUNTS]
            st.markdown(f"**{_names(batch)}**  \n{data_report.reconciled(batch['kind'], *counts)}")
            said = [f"loaded {fmt.moment(batch['loaded_at'])} UTC", f"load {number}"]
            if batch["mode"] == "replace":
                said.append("took the place of earlier loads")
            if batch["replaced_by"] is not None:
                said.append(f"replaced by load {batch['replaced_by']}")
            if batch["events_gone"]:
                said.append(f"{fmt.count(batch['events_gone'], 'event')} since erased or dropped by age")
            if batch["rows_repeated"]:
                said.append(f"{fmt.number(batch['rows_repeated'])} exact repeats kept")
            if batch["rows_anonymous"]:
                said.append(f"{fmt.number(batch['rows_anonymous'])} rows without user")
            st.caption(" · ".join(said))
        with right, st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Take back ...", key=f"undo_{number}", help="Undo this load, as if it had never been."):
                _confirm(store, batch)
        if batch["rows_rejected"]:
            data_report.rejects_button(store, number, batch["rows_rejected"], key=f"rejects_{number}")
        with st.expander("How it was read"):
            _mapping(batch)


def _mapping(batch: Batch) -> None:
    mapping = batch["mapping"]
    columns = [c for c in mapping["columns"] if c["role"] != "ignore"]
    st.table(
        {
            "Column in the file": [plain(c["column"]) for c in columns],
            "What it means": [words.role_word(c["role"], batch["kind"]) for c in columns],
            "How it is read": [_details(c) for c in columns],
        },
        border="horizontal",
        hide_index=True,
    )
    if batch["kind"] == "events":
        said = [f"every row is a {data_report.event_word(mapping['event'])}" if mapping["event"] else ""]
        said += [f"returns: {mapping['returns']}", f"exact repeats: {mapping['repeats']}", overlap_said(mapping)]
        said += [f"times by the clock of {mapping['zone']}" if mapping.get("zone") else ""]
        st.caption(plain("; ".join(s for s in said if s)))
    for file in batch["files"]:
        sheet = f", sheet {file['sheet']}" if file.get("sheet") else ""
        st.caption(
            f"{plain(file['name'] + sheet)}: {fmt.count(file['rows_read'], 'row')}, {fmt.size(file['bytes'])}, "
            f"SHA-256 {file['sha256'][:16]}..."
        )


def _details(column: dict[str, Any]) -> str:
    if column.get("pseudonym"):
        return "kept as a pseudonym"
    if column.get("split"):
        return f"several in a cell, parted by {column['split']}"
    if column["time_format"]:
        return words.time_word(column["time_format"])
    if column["event"]:
        return data_report.event_word(column["event"])
    return words.TYPES[column["type"]] if column["role"] in ("context", "attribute") else ""


def _names(batch: Batch) -> str:
    names = [file["name"] for file in batch["files"]]
    return plain(", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else ""))


@st.dialog("Take back this load?")
def _confirm(store: Store, batch: Batch) -> None:
    st.markdown(
        f"**{_names(batch)}**, {fmt.count(batch['rows_loaded'], 'row')}. Everything it brought goes, with the users, "
        "items and columns that only it brought. Saved segments stay, and count again without it. The file itself is "
        "not touched: you can load it again."
    )
    if batch["mode"] == "replace":
        st.markdown("The loads whose place it took count again.")
    with st.container(horizontal=True):
        if st.button("Take it back", type="primary", key="undo_yes"):
            start_undo(store, batch)
            st.rerun()
        if st.button("Keep it", key="undo_no"):
            st.rerun()


def start_undo(store: Store, batch: Batch) -> None:
    """Have a batch undone beside the page."""
    number = int(batch["batch_no"])
    names = json.dumps([file["name"] for file in batch["files"]])
    spec = JobSpec("undo", f"Take back load {number}", {"batch": number, "files": names})
    try:
        job = runner_for(store).submit(spec, partial(_undo, batch_no=number))
    except Refusal as refusal:
        shell.refuse(refusal)
        return
    st.session_state[state.UNDO] = (str(store.path), job.id)
    st.session_state.pop(state.LOAD, None)
    runner_for(store).wait(job.id, 1.0)


def _undo(writer: Writer, step: Step, *, batch_no: int) -> dict[str, Any]:
    done: dict[str, Any] = undo(writer, batch_no, step=step)
    return done
