"""Models, over-recommended: what a fitted model lists more often than users take it, and who would get it."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import (
    OVERLISTED_TASK,
    Over,
    Overlisted,
    OverlistedSpec,
    overlisted_users,
    prepare_overlisted,
    publish_overlisted,
    read_overlisted,
    write_overlisted,
)
from core.figures import overlisted_figure
from core.jobs import Job, JobSpec, runner_for
from core.recommend import StoredModel, list_models
from core.store import Store
from pages._ui import fitted
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui.downloads import csv_button
from pages._ui.explain_files import file_name
from pages._ui.home_figures import chart
from pages._ui.jobs import job_result
from pages._ui.models_words import spec_title
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain
from pages._ui.views import pick_view

MODEL, OF = "over_model", "over_of"
"""Keys of the chosen model (an id) and of items or categories, in session state and in the address."""

_KIND = "overlisted"
_Of = Literal["item", "category"]
_MANY: dict[_Of, str] = {"item": "Items", "category": "Categories"}


def draw(store: Store) -> None:
    """The whole tab."""
    st.markdown(
        "A model that puts the same few items into every list crowds out the rest. Here is what a model lists more "
        "often than users take it, of items and of categories."
    )
    models = {model.model_id: model for model in list_models(store) if not model.stale}
    fitted.settle(store)
    fitting = fitted.follow(store)
    if not models:
        if not fitting:
            st.info("No model is fitted on the data as they are: fit one first.")
            fitted.panel(store)
        return
    if st.session_state.get(MODEL) not in models:
        st.session_state.pop(MODEL, None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        model_id = st.selectbox(
            "Fitted model",
            [*models],
            key=MODEL,
            bind="query-params",
            format_func=lambda one: _title(models[one]) if one in models else "",
            width=420,
        )
        spec = OverlistedSpec(model_id)
        done = _done(store, spec, models[model_id])
        if done is None:
            st.button(
                "Find out",
                type="primary",
                key="over_go",
                on_click=_start,
                args=(store, spec, models[model_id]),
                disabled=jobs.busy(store, _KIND),
                help=f"Makes the lists of at most {fmt.number(spec.most_users)} users, beside the page.",
            )
        fitted.another(store)
    if done is None:
        with st.container():
            job_result(runner_for(store), _last(store, spec, models[model_id]))
        return
    _result(store, models[model_id], done)


def _title(model: StoredModel) -> str:
    return f"{spec_title(model.fit.model)} · {fmt.moment(model.created_at)}"


def _job(spec: OverlistedSpec, model: StoredModel) -> JobSpec:
    title = f"Over-recommended by “{spec_title(model.fit.model)}”"
    return JobSpec(_KIND, title, spec.as_json(), data=False, reuse=True)


def _start(store: Store, spec: OverlistedSpec, model: StoredModel) -> None:
    try:
        runner_for(store).compute(
            _job(spec, model), OVERLISTED_TASK, partial(prepare_overlisted, store, spec), publish_overlisted
        )
    except Refusal as refusal:
        jobs.say(refusal=refusal)


def _jobs(store: Store, spec: OverlistedSpec, model: StoredModel) -> list[Job]:
    """All that has been asked about this model on the data as they are, the newest first as the runner has them."""
    key = _job(spec, model).key(store.version)
    return [job for job in runner_for(store).jobs(limit=1000) if job.key == key]


def _done(store: Store, spec: OverlistedSpec, model: StoredModel) -> dict[str, Any] | None:
    return next((job.result for job in _jobs(store, spec, model) if job.status == "done" and job.result), None)


def _last(store: Store, spec: OverlistedSpec, model: StoredModel) -> str | None:
    return next((job.id for job in _jobs(store, spec, model)), None)


def _result(store: Store, model: StoredModel, told: dict[str, Any]) -> None:
    found = read_overlisted(store, told)
    name = spec_title(model.fit.model)
    known = int(told["users_known"])
    there: list[_Of] = [of for of in _MANY if _rows(found, of)]
    whose = f"all {fmt.count(known, 'user')} with a history"
    if found.users < known:
        whose = f"{fmt.number(found.users)} users, drawn by chance from {fmt.number(known)} with a history"
    if not there:
        st.info(f"Nothing stands out: over the lists of {whose}, no item has more of the places than of the takings.")
        return
    st.subheader(_headline(found, there[0]), anchor=False)
    if st.session_state.get(OF) not in there:
        st.session_state.pop(OF, None)
    of = there[0]
    if len(there) > 1:
        of = pick_view({name: _MANY[name] for name in there}, OF, "Of what")
    picked = chart(
        overlisted_figure(found, of, name),
        f"fig_over_{of}_{model.model_id}",
        f"{_MANY[of]} listed more often than taken: both shares; the same numbers stand in the table below.",
    )
    st.caption(
        f"**Definition.** Lists of {found.k} for {whose}. Share of list places: of all places of these lists, those "
        "that name it. Share of takings: of all that these users have taken (each item of a user once), those that "
        "were of it. Ratio: the first over the second. The largest gaps are shown; what fewer than 5 lists hold is not."
    )
    rows = _rows(found, of)
    _table(rows, of)
    with st.container(horizontal=True):
        csv_button(
            "CSV of both",
            partial(write_overlisted, found),
            file_name("over recommended", name),
            "over_csv",
            help="Items and categories with both shares and their ratio.",
        )
        see_users(
            store,
            f"over_{of}",
            partial(_behind, store, told, of, name),
            [Choice("Item" if of == "item" else "Category", {one.label: one.name for one in rows})],
            label="See who would get it",
            picked=[picked[0]] if picked else None,
        )


def _headline(found: Overlisted, of: _Of) -> str:
    first = _rows(found, of)[0]
    times = "though nobody took it" if not first.taken else f"{first.ratio:,.1f} times its share of takings"
    return plain(f"“{first.label}” takes {fmt.percent(first.listed)} of all list places, {times}.")


def _rows(found: Overlisted, of: _Of) -> tuple[Over, ...]:
    return found.items if of == "item" else found.categories


def _table(rows: tuple[Over, ...], of: _Of) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "Item" if of == "item" else "Category": [one.label for one in rows],
                "Share of list places": [fmt.percent(one.listed) for one in rows],
                "Share of takings": [fmt.percent(one.taken) for one in rows],
                "Ratio": [f"{one.ratio:,.1f} ×" if one.taken else fmt.NONE for one in rows],
            }
        ),
        hide_index=True,
        height="content" if len(rows) <= 12 else 460,
        column_config={
            name: st.column_config.TextColumn(alignment="right")
            for name in ("Share of list places", "Share of takings", "Ratio")
        },
    )


def _behind(store: Store, told: dict[str, Any], of: _Of, model: str, name: str) -> Behind:
    held = name if of == "item" else f"an item of {name}"
    words = f"whose list of {told['k']} from “{model}” holds {held}"
    return Behind(words, overlisted_users(store, told, of, name))
