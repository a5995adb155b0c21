"""Models: how near predicted ratings come to those given, and what one prediction is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import (
    RATING_DEFINITIONS,
    RATING_METRICS,
    Difference,
    RatingsComparison,
    RatingScore,
    Run,
    ranked_ratings,
    rating_pace,
    surely,
    write_ratings,
)
from core.figures.ratings import RATING_NAMES_SHOWN, rating_name, ratings_figure
from core.recommend import RatingsSize, build_ratings
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui import models_ratings_ask, models_ratings_one, state
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.models_details import card, name_card
from pages._ui.models_words import p_words, when
from pages._ui.text import plain

METRIC = "rating_metric"
"""Key of the chosen figure, in session state and in the address."""

_FILE = """user_id,item_id,rating,time
anna,heat-1995,4.5,2024-03-01 20:15
anna,casino-1995,3,2024-03-02 21:00
ben,heat-1995,5,2024-03-02 22:40
"""


@dataclass(frozen=True)
class Known:
    """What the view must know of the ratings before anything is asked."""

    size: RatingsSize
    low: float
    high: float
    mean: float
    timed: bool


def known(store: Store) -> Known | None:
    """The ratings in few words; None where there are none."""
    try:
        r = build_ratings(store)
    except Refusal as refusal:
        if refusal.code != "no_ratings":
            raise
        return None
    return Known(RatingsSize.of(r), r.low, r.high, r.mean, r.times is not None)


def draw(store: Store) -> None:
    """The whole view."""
    there = ask(store, known)
    if there is None:
        _none()
        return
    jobs.follow(store, "ratings")
    run = jobs.current(store, "ratings")
    found: RatingsComparison | None = None
    if run is None:
        st.markdown(
            "How well can we predict what a user would give to an item? We hide part of the ratings, let every model "
            "predict them from the others, and measure how far off it is, in rating points. The yardstick is the "
            "usual rating: the mean, and how this user and this item usually differ from it."
        )
        st.caption(plain(_told(there)))
        here = models_ratings_ask.Here(there.size, there.timed)
        models_ratings_ask.draw(store, "r_first", models_ratings_ask.usual(here), here, first=True)
    else:
        assert isinstance(run.answer, RatingsComparison)
        found = run.answer
        _result(run, found)
    st.divider()
    models_ratings_one.draw(store, there.size, found)
    if run is not None and found is not None:
        st.divider()
        st.markdown("**Compare again**, with other models or settings")
        here = models_ratings_ask.Here(there.size, there.timed, rating_pace(found))
        models_ratings_ask.draw(store, f"r_again_{run.run_id}", found.spec, here, first=False)


def _none() -> None:
    st.info("These data have no ratings of items by users, so there is nothing to predict.")
    st.markdown(
        "A file with ratings has one line for each rating: who, what, how many stars or points, and if known when. "
        "Any scale will do. Of several ratings of one item by one user, the latest counts. For example:"
    )
    st.code(_FILE, language=None)
    with st.container(horizontal=True):
        if st.button("Load a file with ratings", type="primary", key="ratings_load"):
            state.go("data")
        st.button("Compare models by what users did instead", key="ratings_else", on_click=_compare)


def _compare() -> None:
    st.session_state[jobs.VIEW] = "Compare"


def _told(there: Known) -> str:
    return (
        f"{fmt.count(there.size.ratings, 'rating')} from {there.low:g} to {there.high:g} (mean {there.mean:.2f}) by "
        f"{fmt.count(there.size.users, 'user')} of {fmt.count(there.size.items, 'item')}."
    )


def _result(run: Run, found: RatingsComparison) -> None:
    if run.stale:
        st.warning(f"The data have changed since this was compared on {when(run.created_at)}. Compare again, below.")
    headline, _, rest = found.verdict.text.partition(". ")
    st.subheader(plain(headline.rstrip(".") + "."), anchor=False)
    if rest:
        st.markdown(plain(rest))
    for note in found.notes:
        st.caption(plain(note))
    _key_figures(found)
    metric = st.segmented_control(
        "Judged by",
        RATING_METRICS,
        default=RATING_METRICS[0],
        required=True,
        key=METRIC,
        bind="query-params",
        format_func=RATING_NAMES_SHOWN.__getitem__,
    )
    if any(m.metrics for m in found.models):
        chart(ratings_figure(found, metric), "fig_ratings", "How far off each model is; the same numbers stand below.")
    st.caption(
        f"**Definition.** {plain(RATING_DEFINITIONS[metric])} The bar is its 95 % interval: where it would lie "
        "for other users like these. The dashed line is the usual rating, the yardstick. The axis does not begin at 0, "
        "so that small differences can be seen."
    )
    for model in found.models:
        if model.problem:
            said = f"{rating_name(model.label, model.spec)} could not be judged: {model.problem['message']}"
            st.warning(plain(f"{said} {model.problem.get('hint', '')}"))
    tabs = st.tabs(["All numbers", "Differences", "How it was judged"], key="rating_numbers", bind="query-params")
    with tabs[0]:
        _table(found)
        csv_button("CSV of all numbers", partial(write_ratings, found), "ratings-compared.csv", "ratings_csv")
    with tabs[1]:
        _differences(found)
    with tabs[2]:
        _judged(run, found)


def _key_figures(found: RatingsComparison) -> None:
    best = ranked_ratings(found)[0]
    if not best.metrics:
        return
    base = next((m for m in found.models if m.spec.model == "baseline" and m.metrics), None)
    rmse, mae = best.metrics["rmse"], best.metrics["mae"]
    won, tied = found.verdict.winner is not None, len(found.verdict.tied) - 1
    with st.container(horizontal=True, gap="small"):
        said = "surely ahead of every other" if won else f"not surely ahead of {fmt.count(tied, 'other')}"
        name_card("Best" if won else "Least error", rating_name(best.label, best.spec), said)
        with card():
            change = fmt.delta(rmse.value, base.metrics["rmse"].value) if base and base is not best else None
            st.metric(
                "RMSE, rating points",
                f"{rmse.value:.3f}",
                change,
                delta_color="inverse",
                delta_description="vs usual rating" if change else None,
                help=plain(RATING_DEFINITIONS["rmse"]),
            )
            st.caption(f"95 % interval {rmse.low:.3f} to {rmse.high:.3f}")
        with card():
            st.metric("MAE, rating points", f"{mae.value:.3f}", help=plain(RATING_DEFINITIONS["mae"]))
            scale = f"on a scale from {found.facts['low']:g} to {found.facts['high']:g}"
            st.caption(f"off by so much on average, {scale}")
        with card():
            st.metric("Ratings predicted", fmt.number(found.facts["judged"]), help="Each hidden from the models.")
            st.caption(f"of {fmt.count(found.facts['ratings'], 'rating')} by {fmt.count(found.facts['users'], 'user')}")


def _table(found: RatingsComparison) -> None:
    models = ranked_ratings(found)
    columns = {"Model": [rating_name(m.label, m.spec) for m in models]}
    columns |= {RATING_NAMES_SHOWN[name]: [_cell(m, name) for m in models] for name in RATING_METRICS}
    columns["Spread"] = [fmt.NONE if m.spread is None else f"{m.spread:.4f}" for m in models]
    columns["Fit"] = [fmt.duration(m.seconds_fit) for m in models]
    columns["Predict"] = [fmt.duration(m.seconds_predict) for m in models]
    helps = {RATING_NAMES_SHOWN[name]: plain(RATING_DEFINITIONS[name]) for name in RATING_METRICS}
    helps |= {
        "Spread": "How much RMSE differs from part to part: the standard deviation over the parts (folds).",
        "Fit": "Time to learn, all parts together.",
        "Predict": "Time to predict, all parts together.",
    }
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        height="content",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True),
            **{name: st.column_config.TextColumn(help=text, alignment="right") for name, text in helps.items()},
        },
    )
    st.caption("In brackets the 95 % interval of RMSE; the other intervals are in the CSV. Times are of this machine.")
    with st.expander("What the words mean"):
        st.markdown("\n".join(f"- {plain(RATING_DEFINITIONS[name])}" for name in RATING_METRICS))


def _cell(model: RatingScore, metric: str) -> str:
    value = model.metrics.get(metric)
    if value is None:
        return fmt.NONE
    return f"{value.value:.4f} ({value.low:.4f} to {value.high:.4f})" if metric == "rmse" else f"{value.value:.4f}"


def _differences(found: RatingsComparison) -> None:
    names = {m.label: rating_name(m.label, m.spec) for m in found.models}
    rows = found.differences
    if not rows:
        st.info("There is nothing to compare: fewer than two models could be fitted.")
        return
    table = {
        "Model": [names[d.a] for d in rows],
        "Against": [names[d.b] for d in rows],
        "Less error by": [f"{abs(d.difference):.4f}" for d in rows],
        "95 % interval": [f"{-d.high:+.4f} to {-d.low:+.4f}" for d in rows],
        "What it means": [_meaning(d) for d in rows],
    }
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height="content" if len(rows) <= 15 else 560,
        column_config={
            "Less error by": st.column_config.TextColumn(
                alignment="right", help="Difference in RMSE, in rating points."
            ),
            "95 % interval": st.column_config.TextColumn(alignment="right", help="Of this pair alone."),
        },
    )
    st.caption(
        "Differences in RMSE over the same ratings, users drawn again and again (paired bootstrap). “Surely ahead” "
        f"means p below 0.05 after Holm's correction for {fmt.count(len(rows), 'pair')}."
    )


def _meaning(difference: Difference) -> str:
    said = "surely ahead" if surely(difference) else "no difference can be shown"
    return f"{said} ({p_words(difference.p_holm)})"


def _judged(run: Run, found: RatingsComparison) -> None:
    facts, spec = found.facts, found.spec
    how = (
        f"The ratings were dealt into {spec.folds} parts by chance (seed {spec.seed}); each part was predicted by "
        "models that learnt from the others."
        if found.split == "folds"
        else f"The latest of {spec.folds} parts was predicted by models that learnt from all ratings before it."
    )
    settings = "; ".join(
        f"{rating_name(m.label, m.spec)}: " + ", ".join(f"{name} {value}" for name, value in m.spec.params)
        for m in found.models
    )
    lines = [
        f"Made on {when(run.created_at)} with Limelight {run.limelight}. {how}",
        f"{fmt.count(facts['ratings'], 'rating')} from {facts['low']:g} to {facts['high']:g} (mean "
        f"{facts['mean']:.2f}) by {fmt.count(facts['users'], 'user')} of {fmt.count(facts['items'], 'item')}; "
        f"{fmt.number(facts['judged'])} judged.",
        f"Settings. {settings}.",
    ]
    st.markdown("\n".join(f"- {plain(line)}" for line in lines))
