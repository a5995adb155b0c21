"""What a load did: every row accounted for, what came of it, what was refused and why."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.ingest import LoadReport, rejects_csv
from core.store import EVENTS, NAMES, Store
from pages._ui import data_words as words
from pages._ui import format as fmt
from pages._ui import state
from pages._ui.data_joining import left_out
from pages._ui.downloads import csv_button
from pages._ui.quality_jobs import at_load
from pages._ui.text import plain

_PLAIN = {word.name: word.plain for word in EVENTS}


def draw_report(store: Store, result: dict[str, Any]) -> None:
    """The report of a finished load (`result` of its job), and the next step."""
    reports = [LoadReport(**r) for r in result["reports"]]
    read, seconds = sum(r.rows_read for r in reports), sum(r.seconds for r in reports)
    with st.container(border=True, key="load_report"):
        st.subheader(f"Loaded: {fmt.count(read, 'row')} read, every one accounted for", anchor=False)
        st.caption(f"{plain(', '.join(result['files']))} · {fmt.duration(seconds)}")
        for report in reports:
            _one(store, report)
        said = at_load(store)
        st.markdown(f"**Quality:** {plain(said) if said else 'being looked at, beside this page.'}")
        with st.container(horizontal=True):
            if st.button("See what users do", type="primary", key="report_home"):
                state.go("home")
            if st.button("See what is wrong with the data", key="report_quality"):
                state.go("quality")
            if st.button("Make a segment", key="report_segments"):
                state.go("segments")
            if st.button("Load more files", key="report_more"):
                st.session_state.pop(state.LOAD, None)
                st.rerun()


def _one(store: Store, report: LoadReport) -> None:
    st.markdown(
        reconciled(
            report.kind,
            report.rows_read,
            report.rows_loaded,
            report.rows_rejected,
            report.rows_duplicate,
            report.rows_overlap,
        )
    )
    if report.kind == "events":
        draw_figures(
            [
                ("Users", report.users, "Different users named in the rows that were kept."),
                ("Items", report.items, "Different items named in the rows that were kept."),
                ("Events", sum(report.events.values()), "What the rows say that happened. A row can make several."),
                ("Rows rejected", report.rows_rejected, "Rows that could not be read, kept with the reason."),
            ]
        )
    else:
        st.caption(fmt.count(report.users or report.items, f"different {words.KIND_NOUNS[report.kind][:-1]}"))
    left, right = st.columns(2)
    with left:
        if report.events:
            st.caption("Events by type")
            made = sorted(report.events, key=lambda e: (NAMES.index(e) if e in NAMES else len(NAMES), e))
            counts = [fmt.number(report.events[e]) for e in made]
            rows = {"Event": [event_word(e) for e in made], "Events": counts}
            st.table(rows, border="horizontal", hide_index=True)
    with right:
        if report.reasons:
            st.caption("Why rows were rejected")
            named = [words.REASONS.get(r, r.replace("_", " ").capitalize()) for r in report.reasons]
            rows = {"Reason": named, "Rows": [fmt.number(n) for n in report.reasons.values()]}
            st.table(rows, border="horizontal", hide_index=True)
            rejects_button(store, report.batch_no, report.rows_rejected, key=f"report_rejects_{report.batch_no}")
    for note in report.notes:
        st.markdown(f"- {plain(note)}")


def draw_figures(figures: list[tuple[str, int, str]]) -> None:
    """Key figures side by side: name, number, what it means."""
    with st.container(horizontal=True, gap="medium"):
        for name, value, meaning in figures:
            st.metric(name, fmt.number(value), help=meaning, width="content")


def reconciled(kind: str, read: int, loaded: int, rejected: int, duplicate: int, overlap: int = 0) -> str:
    """The sentence that accounts for every row, as Markdown; `overlap` of the duplicates are in earlier loads.

    >>> reconciled("events", 10, 7, 1, 2)
    '**Events:** 10 rows read = 7 loaded + 1 rejected + 2 left out as exact repeats'
    """
    parts = f"{fmt.number(loaded)} loaded + {fmt.number(rejected)} rejected + {left_out(duplicate, overlap)}"
    return f"**{kind.capitalize()}:** {fmt.count(read, 'row')} read = {parts}"


def event_word(event: str) -> str:
    """What an event is called: the vocabulary's plain word, or the analyst's own as it is."""
    return _PLAIN.get(event, event)


def rejects_button(store: Store, batch_no: int, rows: int, *, key: str) -> None:
    """A button that hands over the rejected rows of a batch."""
    csv_button(
        f"Download {fmt.count(rows, 'rejected row')}",
        lambda path: rejects_csv(store, batch_no, path),
        f"rejected-rows-batch-{batch_no}.csv",
        key,
        rows=rows,
        excel=True,
        help="CSV with file, line, column, reason and the row as it stood.",
    )
