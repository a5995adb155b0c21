"""Diversity: what more varied lists of one model would cost in accuracy, worked out beside the page."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import (
    DIVERSITY_TASK,
    NOTCHES,
    CompareSpec,
    Comparison,
    DiversityCurve,
    Run,
    curve_from_json,
    notch_words,
    prepare_diversity,
    publish_diversity,
    ranked,
    write_notches,
)
from core.figures.evaluate import amount, definition, way_name
from core.figures.protocol import diversity_figure
from core.jobs import Job, JobSpec, runner_for
from core.store import Store
from pages._ui import format as fmt
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.jobs import job_result
from pages._ui.models_jobs import say
from pages._ui.models_words import spec_title
from pages._ui.text import plain

NOTCH = "varied"
"""Key of the slider, in session state and in the address."""
_MODEL = "varied_model"


def draw(store: Store, run: Run, found: Comparison) -> None:
    """The model, the button; then slider, figure and what the chosen place costs."""
    names = {m.label: way_name(m.label, m.spec) for m in ranked(found) if m.metrics}
    if not names or found.spec.candidates != "all":
        st.info(
            "Lists made from 100 drawn items have no diversity worth knowing: compare on lists made from all items."
            if names
            else "No model could be fitted, so that there are no lists to make more varied."
        )
        return
    st.markdown(
        "Lists of the likeliest items are often much alike. The slider trades some of that likelihood for items that "
        "have fewer takers in common (maximal marginal relevance); here is what that costs on the hidden items."
    )
    if st.session_state.get(_MODEL) not in names:
        st.session_state.pop(_MODEL, None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = str(
            st.selectbox(
                "Model", list(names), key=_MODEL, bind="query-params", format_func=names.__getitem__, width=320
            )
        )
        question = asked(found, label)
        job = _found(store, question)
        st.button(
            "Work out what diversity costs",
            key="varied_go",
            type="primary" if job is None or job.result is None else "secondary",
            on_click=_start,
            args=(store, question),
            disabled=job is not None and (job.active or job.result is not None),
            help="Fits the model once on what the comparison learnt from, and makes lists at eleven places of the "
            "slider. It runs beside the page.",
        )
    result = job_result(runner_for(store), None if job is None else job.id)
    if result:
        if run.stale:
            st.caption("The data have changed since the comparison: this curve is of the data as they are now.")
        _curve(curve_from_json(result))
    elif job is None:
        st.caption(f"Not worked out yet for {plain(names[label])}: it takes about as long as judging it once.")


def asked(found: Comparison, label: str) -> CompareSpec:
    """The question of a curve: as the comparison, of one model, without what plays no part."""
    model = next(m.spec for m in found.models if m.label == label)
    return replace(found.spec, models=(model,), beyond=False, segments=())


def _found(store: Store, spec: CompareSpec) -> Job | None:
    """The job of this curve on the data as they are: one under way, else one that was done; else how it ended."""
    runner, question = runner_for(store), _job_spec(spec)
    key = question.key(store.version)
    live = next((job for job in runner.jobs() if job.key == key and job.active), None)
    return live or runner.result(question) or next((job for job in runner.jobs() if job.key == key), None)


def _start(store: Store, spec: CompareSpec) -> None:
    """For use in a callback."""
    try:
        runner_for(store).compute(
            _job_spec(spec), DIVERSITY_TASK, partial(prepare_diversity, store, spec), publish_diversity
        )
    except Refusal as refusal:
        say(refusal=refusal)


def _job_spec(spec: CompareSpec) -> JobSpec:
    title = f"Diversity of {spec_title(spec.models[-1])}"
    return JobSpec("diversity", title, spec.as_json(), data=False, reuse=True)


def _curve(found: DiversityCurve) -> None:
    place = st.select_slider(
        "How much more varied (0: the model's own lists, 1: variety before all else)",
        NOTCHES,
        NOTCHES[0],
        key=NOTCH,
        bind="query-params",
        format_func=lambda notch: f"{notch:.1f}",
    )
    chart(
        diversity_figure(found, float(place)),
        "fig_diversity",
        "Accuracy against diversity at eleven places of the slider; the same numbers stand in the table.",
    )
    st.markdown(plain(notch_words(found, float(place))))
    _table(found)
    csv_button(
        "CSV of every place",
        partial(write_notches, found),
        "diversity.csv",
        "diversity_csv",
        help="NDCG, recall and diversity with their intervals, one line for each place of the slider.",
    )


def _table(found: DiversityCurve) -> None:
    columns: dict[str, Any] = {
        "Slider": [f"{one.diversity:.1f}" for one in found.notches],
        "NDCG": [amount("ndcg", one.ndcg.value) for one in found.notches],
        "95 % interval": [f"{one.ndcg.low:.3f} to {one.ndcg.high:.3f}" for one in found.notches],
        "Recall": [amount("recall", one.recall.value) for one in found.notches],
        "Diversity": [amount("diversity", one.apart.value if one.apart else None) for one in found.notches],
        "Coverage": [amount("coverage", one.coverage) for one in found.notches],
    }
    helps = {
        name: plain(definition(metric, found.k))
        for name, metric in (
            ("NDCG", "ndcg"),
            ("Recall", "recall"),
            ("Diversity", "diversity"),
            ("Coverage", "coverage"),
        )
    }
    with st.expander("All places of the slider in numbers"):
        st.dataframe(
            pd.DataFrame(columns),
            hide_index=True,
            height="content",
            column_config={
                name: st.column_config.TextColumn(alignment="right", help=helps.get(name)) for name in columns
            },
        )
    st.caption(
        f"Over {fmt.count(found.users, 'user')}, lists of {found.k}, worked out in {fmt.duration(found.seconds)}. "
        + plain(definition("diversity", found.k))
    )
