"""Segments, saved ones: all of them with their sizes, one of them opened; and the groups that are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.jobs import runner_for
from core.segments import Saved, SavedCount, Schema, Segment, list_segments, read_schema
from core.store import Store
from pages._ui import format as fmt
from pages._ui import jobs, segments_counts, segments_groups, segments_one
from pages._ui.cache import ask
from pages._ui.segments_members import RULES, SEGMENT, VIEW
from pages._ui.segments_words import rule_words, state_words

_FIND, _TABLE, _ORDER = "saved_find", "saved_table", "_saved_order"
_MANY = 8
"""Segments from which on they can be searched."""


def draw(store: Store, _: datetime | None) -> None:
    """The whole view."""
    saved = list_segments(store)
    if saved:
        _segments(store, saved)
    else:
        st.info("No segment has been saved yet. Build a rule, or open an RFM segment, and save it.")
        st.button("Build a rule", key="saved_to_rule", on_click=_build)
    segments_groups.draw(store)


def _segments(store: Store, saved: tuple[Saved, ...]) -> None:
    segments = tuple(s.segment for s in saved)
    names = [segment.name for segment in segments]
    schema = ask(store, read_schema, saved=segments)
    job = segments_counts.start(store, segments)
    table = st.container()
    if st.session_state.get(SEGMENT) not in names:
        st.session_state.pop(SEGMENT, None)
    name = st.selectbox(
        "Open a segment, or choose its row above",
        names,
        index=None,
        key=SEGMENT,
        bind="query-params",
        placeholder="Choose a segment",
        width=420,
    )
    with table:
        found = _found(saved, schema)
        if job is not None and job.active:
            st.fragment(_filling, run_every=0.6)(store, found, segments, schema, job.id)
        else:
            _listed(found, segments_counts.known(store, segments), schema, choose=True)
            if job is not None and job.status != "done":
                jobs.job_result(runner_for(store), job.id)
                st.button("Count again", key="saved_count_again", on_click=segments_counts.again)
    if name is not None:
        chosen = saved[names.index(name)]
        segments_one.draw(store, chosen, segments_counts.one(store, chosen.segment, segments), schema)


def _found(saved: tuple[Saved, ...], schema: Schema) -> tuple[Saved, ...]:
    """Those whose name or rule has what is typed, every word of it; all where there are few."""
    if len(saved) <= _MANY:
        return saved
    typed = st.text_input(
        "Find a segment",
        key=_FIND,
        type="search",
        live=True,
        placeholder="part of its name or of its rule",
        icon=":material/search:",
        width=420,
        bind="query-params",
    )
    words = (typed or "").casefold().split()
    texts = {s.segment.name: f"{s.segment.name} {rule_words(s, schema)} {state_words(s)}".casefold() for s in saved}
    found = tuple(s for s in saved if all(word in texts[s.segment.name] for word in words))
    said = fmt.count(len(saved), "segment")
    st.caption(f"{said}." if not words else f"{fmt.number(len(found))} of {said} fit." if found else "No segment fits.")
    return found


def _filling(
    store: Store, found: tuple[Saved, ...], segments: tuple[Segment, ...], schema: Schema, job_id: str
) -> None:
    """The table while sizes come in; once they are all there, or the counting has ended, the page runs again."""
    known = segments_counts.known(store, segments)
    job = runner_for(store).job(job_id)
    if job is None or not job.active:
        st.rerun()
    _listed(found, known, schema, choose=False)
    st.caption(f"Counting beside this page: {fmt.number(len(known))} of {fmt.count(len(segments), 'segment')} so far.")


def _listed(found: tuple[Saved, ...], known: dict[str, SavedCount], schema: Schema, *, choose: bool) -> None:
    if not found:
        return
    counts = [known.get(s.segment.name) for s in found]
    problems = [None if c is None else c.problem for c in counts]
    table = pd.DataFrame(
        {
            "Segment": [s.segment.name for s in found],
            "Users": pd.array([None if c is None else c.users for c in counts], dtype="Int64"),
            "Of all": [None if c is None else fmt.percent(c.share) for c in counts],
            "Rule": [str(p) if p else rule_words(s, schema) for s, p in zip(found, problems, strict=True)],
            "Members": [state_words(s) for s in found],
            "Changed": [s.updated_at for s in found],
        }
    )
    looks: dict[str, Any] = {
        "hide_index": True,
        "placeholder": fmt.NONE,
        "height": "content" if len(found) < 10 else 390,
        "column_config": {
            "Segment": st.column_config.TextColumn(width=150),
            "Users": st.column_config.NumberColumn(format="localized", width=75, help="Known users in it."),
            "Of all": st.column_config.TextColumn(width=75, alignment="right", help="Share of all known users."),
            "Rule": st.column_config.TextColumn(width=390),
            "Members": st.column_config.TextColumn(
                width=105,
                help="Live: whoever fits the rule now. Frozen: settled at one moment. As of a day: by the data up to "
                "the end of it; without one, by all data.",
            ),
            "Changed": st.column_config.DatetimeColumn(format="D MMM YYYY", help="UTC", width=100),
        },
    }
    if not choose:
        st.dataframe(table, **looks)
        return
    st.session_state[_ORDER] = [s.segment.name for s in found]
    st.dataframe(table, **looks, key=_TABLE, on_select=_chosen, selection_mode="single-row")


def _chosen() -> None:
    """A row of the table was chosen: open that segment."""
    rows = st.session_state[_TABLE].selection.rows
    order = st.session_state.get(_ORDER, [])
    if rows and rows[0] < len(order):
        st.session_state[SEGMENT] = order[rows[0]]


def _build() -> None:
    st.session_state[VIEW] = RULES
