"""Quality, missing values: how full each column is, what its gaps go with, and which fill comes closest."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.errors import Refusal
from core.jobs import Job, JobSpec, runner_for
from core.quality import (
    Completeness,
    Exclude,
    Fill,
    Repair,
    Selection,
    completeness,
    fill_methods,
    hidden_job,
    missing_with,
    repair_from_json,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui import quality_repair
from pages._ui import quality_words as words
from pages._ui.cache import ask
from pages._ui.jobs import job_result
from pages._ui.shell import refuse
from pages._ui.text import plain

_COLUMN = "column"
_NONE = "(choose a column)"


def draw(store: Store) -> None:
    """The whole tab."""
    found = ask(store, completeness)
    lacking = [one for one in found if one.missing]
    st.markdown(
        "Rows with a value, of those that should have one. Of events only the words count that usually have a value in "
        "the column: a view has no price."
    )
    some = st.toggle("Only columns with gaps", value=True, key="missing_some", disabled=not lacking)
    _table(sorted(lacking if some and lacking else found, key=lambda one: one.share or 0.0))
    if not lacking:
        st.success("Every column has all its values.")
        return
    names = {f"{one.table} · {words.column_word(one.column)}": one for one in lacking}
    chosen = st.selectbox(
        "Look at a column", [_NONE, *names], key=_COLUMN, bind="query-params", width=420,
        help="What its missing values go with, and which fill comes closest.",
    )  # fmt: skip
    if chosen in names:
        _column(store, names[chosen])


def _table(rows: list[Completeness]) -> None:
    st.dataframe(
        {
            "Table": [one.table.capitalize() for one in rows],
            "Column": [words.column_word(one.column) for one in rows],
            "With a value": [None if one.share is None else 100 * one.share for one in rows],
            "Missing": [one.missing for one in rows],
            "Of": [one.of for one in rows],
            "Of events that are": [
                ", ".join(one.events) or ("any" if one.table == "events" else fmt.NONE) for one in rows
            ],
        },
        hide_index=True,
        height="content" if len(rows) <= 12 else 460,
        column_config={
            "With a value": st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100),
            "Missing": st.column_config.NumberColumn(format="localized", help="Rows without a value"),
            "Of": st.column_config.NumberColumn(format="localized", help="Rows that should have one"),
        },
    )


def _column(store: Store, one: Completeness) -> None:
    name = words.column_word(one.column)
    st.subheader(f"{name.capitalize()} of {one.table}: {fmt.count(one.missing, 'row')} without a value", anchor=False)
    key = f"missing_{one.table}_{one.column}"
    try:
        methods = ask(store, fill_methods, one.table, one.column)
        if one.column not in ("user", "item"):
            _goes_with(store, one)
        tried = {} if len(methods) < 2 else _test(store, one, key)
    except Refusal as refusal:
        refuse(refusal)
        return
    chosen = Selection.of("missing", table=one.table, column=one.column)
    with st.container(border=True, key="missing_fill"):
        st.markdown("**Fill with this**" if methods else "**Repair**")
        if not methods:
            st.markdown("Nothing can be made up in its place. You can leave these rows out.")
            quality_repair.draw(store, key, (Repair(chosen, Exclude()),))
        elif tried:
            offered = [repair_from_json(score["repair"]) for score in tried["scores"]]
            quality_repair.draw(store, f"{key}_tried", offered)
        else:
            quality_repair.draw(store, key, (Repair(chosen, Fill(one.column, methods[0])),))


def _goes_with(store: Store, one: Completeness) -> None:
    with st.spinner("Looking at what the missing values go with"):
        found = ask(store, missing_with, one.table, one.column)
    if not found:
        st.markdown("They are spread evenly: no other column tells where a value is missing.")
        return
    st.markdown("They stand together. How far each column tells where a value is missing (0 = not at all, 1 = wholly):")
    st.dataframe(
        {"Column": [words.column_word(c.by) for c in found], "Strength": [c.strength for c in found]},
        hide_index=True,
        height="content",
        width=420,
        column_config={"Strength": st.column_config.ProgressColumn(format="%.2f", min_value=0, max_value=1)},
    )


# ---- the hidden-value test


def _test(store: Store, one: Completeness, key: str) -> dict[str, Any]:
    """Its button and its answer; {} while there is none."""
    spec = JobSpec(
        "hidden",
        f"Which fill is best for {one.column}?",
        {"table": one.table, "column": one.column},
        data=False,
        reuse=True,
    )
    runner = runner_for(store)
    job = runner.result(spec) or _started(store, spec)
    if job is None or not (job.active or job.result):
        st.button(
            "Which fill is best for this column?",
            key=f"{key}_test",
            on_click=_start,
            args=(store, spec, one),
            help="Known values are hidden, filled in every way that suits, and compared with what they were.",
        )
    result = job_result(runner, job.id) if job else None
    if result:
        _answer(result)
    return result or {}


def _start(store: Store, spec: JobSpec, one: Completeness) -> None:
    runner = runner_for(store)
    try:
        job = runner.submit(spec, partial(hidden_job, table=one.table, column=one.column))
        runner.wait(job.id, 1.0)
    except Refusal as refusal:
        refuse(refusal)


def _started(store: Store, spec: JobSpec) -> Job | None:
    key = spec.key(store.version)
    return next((job for job in runner_for(store).jobs(200) if job.key == key), None)


def _answer(result: dict[str, Any]) -> None:
    st.markdown(f"**{plain(result['verdict'])}**")
    if result["warning"]:
        st.warning(plain(result["warning"]))
    scores = result["scores"]
    told = {
        "Fill": [("**" + plain(s["words"]) + "** (best)" if s["best"] else plain(s["words"])) for s in scores],
        "How close": [s["said"] for s in scores],
        "95 % interval": [s["between"] for s in scores],
    }
    if any(s["within"] is not None for s in scores):
        told["Within 10 %"] = [fmt.percent(s["within"]) for s in scores]
    told["Took"] = [fmt.duration(s["seconds"]) for s in scores]
    st.table(told, border="horizontal", hide_index=True)
    st.caption(
        f"{fmt.number(result['hidden'])} of {fmt.number(result['known'])} known values were hidden, always the same; "
        f"judged on the {fmt.number(result['judged'])} that every fill had an answer for."
    )
    for failed in result["failed"]:
        st.caption(f"Not tried: {plain(failed['words'])}. {plain(failed['why'])}")
