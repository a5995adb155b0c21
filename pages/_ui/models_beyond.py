"""A comparison beyond accuracy, and by parts of the users: whom does a model serve badly?"""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.evaluate import (
    BEYOND,
    ENOUGH,
    METRICS,
    WHOLE,
    Comparison,
    Measured,
    ModelScore,
    Run,
    part_users,
    ranked,
    worst_served,
    write_beyond,
    write_segments,
)
from core.figures.evaluate import METRIC_NAMES, amount, definition, way_name
from core.figures.protocol import segments_figure
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.models_judging import apart_name
from pages._ui.models_words import way_words
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

FEW = 1000
"""Users judged below which every number carries its interval, as in the table of accuracy."""
APART, SHOWN = "apart", "apart_by"
"""Keys of how users are told apart, and of the figure shown, in session state and in the address."""
_BETTER = {
    "auc": "higher is better",
    "diversity": "higher: more varied",
    "category_diversity": "higher: more varied",
    "serendipity": "higher is better",
    "novelty": "higher: less common",
    "popularity": "lower: less common",
    "calibration": "lower: nearer to the user's own",
    "gini": "lower: more even",
    "popularity_bias": "1 is as in the users' histories",
    "coverage": "higher: more of the range is shown",
}


def beyond_table(found: Comparison) -> None:
    """What lists are like beside being right: one line a model, the best by NDCG first."""
    if not found.spec.beyond:
        st.info(
            "Only accuracy was measured in this comparison. Tick “Beyond accuracy” below, under “How they are judged”, "
            "and compare again, to see how varied, surprising and popular each model's lists are."
        )
        return
    models, k = [m for m in ranked(found) if m.metrics], found.spec.k
    said = [name for name in BEYOND if any(name in m.beyond for m in models)]
    few = max((m.users for m in models), default=0) < FEW
    whole = [name for name in WHOLE if any(name in m.whole for m in models)]
    columns = {
        "Model": [way_name(m.label, m.spec) for m in models],
        **{METRIC_NAMES[name]: [_cell(name, m.beyond.get(name), few) for m in models] for name in said},
        **{METRIC_NAMES[name]: [amount(name, m.whole.get(name)) for m in models] for name in whole},
        METRIC_NAMES["coverage"]: [amount("coverage", m.coverage) for m in models],
    }
    named = [*said, *whole, "coverage"]
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        height="content",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True),
            **{
                METRIC_NAMES[name]: st.column_config.TextColumn(
                    help=f"{plain(definition(name, k))} ({_BETTER[name]})", alignment="right"
                )
                for name in named
            },
        },
    )
    left = [METRIC_NAMES[name].lower() for name in BEYOND if name not in said]
    st.caption(
        plain(
            f"All at lists of {k} items; the better model by NDCG stands first. "
            + ("In brackets 95 % intervals. " if few else "95 % intervals are in the CSV. ")
            + (f"Not to be said of these data: {', '.join(left)} (no categories of items). " if left else "")
        )
    )
    with st.expander("What the words mean"):
        st.markdown("\n".join(f"- {plain(definition(name, k))} *{_BETTER[name].capitalize()}.*" for name in named))
    csv_button(
        "CSV beyond accuracy",
        partial(write_beyond, found),
        "models-beyond-accuracy.csv",
        "beyond_csv",
        help="Every figure of this table with its interval, one line a model.",
    )


def _cell(metric: str, value: Measured | None, few: bool) -> str:
    if value is None:
        return fmt.NONE
    shown = amount(metric, value.value)
    return f"{shown} ({amount(metric, value.low)} to {amount(metric, value.high)})" if few else shown


def by_segment(store: Store, run: Run, found: Comparison) -> None:
    """The heat map of parts and models, whom a model serves badly in words, and those users."""
    ways = list(dict.fromkeys(one.by for one in found.segments))
    if not ways:
        st.info(
            "Users were not told apart in this comparison. Choose how below, under “How they are judged” (“Each "
            "segment by itself”), and compare again, to see whom a model serves badly."
        )
        return
    by, metric = _chosen(found, ways)
    good = [m for m in ranked(found) if m.metrics]
    chart(
        segments_figure(found, by, metric),
        "fig_segments",
        f"{METRIC_NAMES[metric]} of {len(good)} models for each part of the users; the same numbers are in the CSV.",
    )
    st.caption(
        f"**Definition.** {plain(definition(metric, found.spec.k))} The colour compares a model with itself: blue is "
        "above its own mean over all judged users, amber below. Hover for intervals: parts with few users swing by "
        "chance."
    )
    _served_badly(found, by, good)
    with st.container(horizontal=True, vertical_alignment="center"):
        csv_button(
            "CSV by segment",
            partial(write_segments, found),
            "models-by-segment.csv",
            "segments_csv",
            help="Every metric with its interval, one line for each part of the users and model.",
        )
        if run.stale:
            st.caption("The data have changed since: compare again to see who these users are.")
        else:
            _see(store, run, found, by, good)


def _chosen(found: Comparison, ways: list[str]) -> tuple[str, str]:
    metrics = [m for m in (*METRICS, *BEYOND) if any(m in one.metrics for one in found.segments)]
    for key, options in ((APART, ways), (SHOWN, metrics)):
        if st.session_state.get(key) not in options:
            st.session_state.pop(key, None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox(
            "Users told apart by", ways, key=APART, bind="query-params", format_func=apart_name, width=320
        )
        metric = st.selectbox(
            "Figure", metrics, key=SHOWN, bind="query-params", format_func=METRIC_NAMES.__getitem__, width=240
        )
    return str(by), str(metric)


def _served_badly(found: Comparison, by: str, good: list[ModelScore]) -> None:
    """For each model the part it surely serves worst, or that none can be shown."""
    said, k = [], found.spec.k
    for model in good:
        worst = next((one for one in worst_served(found, model.label) if one.by == by), None)
        if worst is None:
            continue
        mine, mean = worst.metrics["ndcg"], model.metrics["ndcg"]
        said.append(
            f"- **{plain(way_name(model.label, model.spec))}** serves {plain(worst.part)} worst: NDCG@{k} "
            f"{amount('ndcg', mine.value)} ({amount('ndcg', mine.low)} to {amount('ndcg', mine.high)}) for these "
            f"{fmt.count(worst.users, 'user')}, {amount('ndcg', mean.value)} for all."
        )
    if said:
        st.markdown("**Served badly**, surely: the interval lies wholly below the model's figure for all users.")
        st.markdown("\n".join(said))
    elif all(one.users < ENOUGH for one in found.segments if one.by == by):
        st.markdown(f"No part has {ENOUGH} users or more: too few to tell whether anybody is served badly.")
    else:
        st.markdown(
            f"**Nobody is shown to be served badly**: of no part with {ENOUGH} users or more does the interval lie "
            "wholly below a model's figure for all users."
        )


def _see(store: Store, run: Run, found: Comparison, by: str, good: list[ModelScore]) -> None:
    parts = list(dict.fromkeys(one.part for one in found.segments if one.by == by))
    see_users(
        store,
        "parts",
        partial(_behind, store, run, found, by),
        [
            Choice("Part", {part: part for part in parts}),
            Choice("Model", {way_name(m.label, m.spec): m.label for m in good}),
            Choice("Which users", {"Without a right item": False, "With a right item": True, "All of them": None}),
        ],
    )


def _behind(store: Store, run: Run, found: Comparison, by: str, part: str, model: str, hit: bool | None) -> Behind:
    spec = next(m.spec for m in found.models if m.label == model)
    who = f"of {apart_name(by)[:1].lower()}{apart_name(by)[1:]}: {part}, who were judged"
    if hit is None:
        return Behind(who, ask(store, part_users, run.run_id, by, part))
    held = "held" if hit else "did not hold"
    words = f"{who}; their list of {found.spec.k} from {way_words(model, spec)} {held} an item they went on to take"
    return Behind(words, ask(store, part_users, run.run_id, by, part, model, hit))
