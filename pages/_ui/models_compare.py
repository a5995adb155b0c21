"""Models, compared: what will happen, then the verdict, the figure, and all the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import Refusal
from core.evaluate import (
    METRICS,
    CompareSpec,
    Comparison,
    ModelScore,
    Run,
    ranked,
    run_users,
    write_comparison,
    write_differences,
    yardstick_of,
)
from core.figures.evaluate import METRIC_NAMES, amount, comparison_figure, definition, way_name
from core.recommend import FitSpec, list_models
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_diversity
from pages._ui import models_jobs as jobs
from pages._ui import models_settings as settings
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.models_beyond import beyond_table, by_segment
from pages._ui.models_details import card, differences, how_judged, metrics_table, name_card
from pages._ui.models_judging import apart_name as label_of
from pages._ui.models_words import spec_title, split_title, split_words, way_words, when
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

METRIC = "metric"
"""Key of the chosen metric, in session state and in the address."""


def draw(store: Store) -> None:
    """The whole view."""
    jobs.follow(store, "compare")
    run = jobs.current(store, "compare")
    if run is None:
        _first(store)
        return
    found = run.answer
    assert isinstance(found, Comparison)
    _head(run, found)
    _key_figures(found)
    _figure(store, run, found)
    _use(store, run, found)
    _details(store, run, found)
    st.divider()
    st.markdown("**Compare again**, with other models or settings")
    _ask(store, f"again_{run.run_id}", found.spec, first=False)


def _details(store: Store, run: Run, found: Comparison) -> None:
    """The tabs; only the one on show is worked out."""
    tabs = st.tabs(list(_TABS), key="numbers", bind="query-params")
    for tab, draw_it in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                draw_it(store, run, found)


def _all_numbers(store: Store, run: Run, found: Comparison) -> None:
    metrics_table(found)
    csv_button(
        "CSV of all numbers",
        partial(write_comparison, found),
        "models-compared.csv",
        "models_csv",
        help="Every metric with its interval, one line a model.",
    )


def _differences(store: Store, run: Run, found: Comparison) -> None:
    differences(found)
    if found.differences:
        csv_button(
            "CSV of differences",
            partial(write_differences, found),
            "models-differences.csv",
            "differences_csv",
            help="Every pair of models with its interval and both p values.",
        )


_TABS: dict[str, Callable[[Store, Run, Comparison], None]] = {
    "All numbers": _all_numbers,
    "Beyond accuracy": lambda store, run, found: beyond_table(found),
    "By segment": by_segment,
    "Diversity": models_diversity.draw,
    "Differences": _differences,
    "How it was judged": how_judged,
}


def _first(store: Store) -> None:
    start = settings.usual(store)
    hidden = "each user's latest item" if start.split == "leave-last-out" else "one item of each user, drawn by chance"
    st.markdown(
        f"We hide {hidden}, let every model guess which it was, and see whose guesses are best. "
        "The yardstick is a list of what is most popular: a model that cannot beat it is not worth using."
    )
    if start.split == "random":
        st.caption("These data have no times, so that nothing can be called the latest.")
    _ask(store, "first", start, first=True)


def _ask(store: Store, key: str, start: CompareSpec, *, first: bool) -> None:
    """The button, and the settings behind their headings."""
    place = st.container()
    settings.draw(store, key, start)
    asked, problem = start, ""
    try:
        asked = settings.read(store, key, start)
    except Refusal as refusal:
        problem = f"{refusal.message} {refusal.hint}"
    with place:
        st.button(
            "Compare models" if problem else f"Compare {fmt.count(len(asked.models), 'model')}",
            type="primary" if first else "secondary",
            key=f"{key}_go",
            on_click=jobs.compare,
            args=(store, partial(settings.read, store, key, start)),
            disabled=bool(problem) or jobs.busy(store, "compare"),
            help="It runs beside the page: you may go on working, or close it.",
        )
        st.caption(plain(problem or _told(asked)))


def _told(asked: CompareSpec) -> str:
    """What will be done, in a line."""
    more = ", beyond accuracy too" if asked.beyond else ""
    apart = ", ".join(label_of(by).lower() if by == "history" else label_of(by) for by in asked.segments)
    return (
        f"Hidden: {split_title(asked).lower()}. Lists of {asked.k} items"
        + (" among 100 drawn ones" if asked.candidates == "sampled" else "")
        + f"{more}."
        + (f" Users told apart by: {apart}." if apart else "")
    )


def _head(run: Run, found: Comparison) -> None:
    if run.stale:
        st.warning(
            f"The data have changed since this comparison was made on {when(run.created_at)}. "
            "Compare again, below, to judge the models on the data as they are now."
        )
    headline, _, rest = found.verdict.text.partition(". ")
    st.subheader(plain(headline.rstrip(".") + "."), anchor=False)
    if rest:
        st.markdown(plain(rest))
    for note in found.notes:
        st.caption(plain(note))


def _key_figures(found: Comparison) -> None:
    best, usual = ranked(found)[0], _popular(found)
    if not best.metrics:
        return
    k, ndcg = found.spec.k, best.metrics["ndcg"]
    skipped = found.facts.get("users_skipped", 0)
    with st.container(horizontal=True, gap="small"):
        won, tied = found.verdict.winner is not None, len(found.verdict.tied) - 1
        said = "surely ahead of every other" if won else "the only one judged"
        name_card(
            "Best" if won else "Highest average",
            way_name(best.label, best.spec),
            f"not surely ahead of {fmt.count(tied, 'other')}" if tied and not won else said,
        )
        with card():
            change = usual and best is not usual and fmt.delta(ndcg.value, usual.metrics["ndcg"].value)
            st.metric(
                f"NDCG@{k}",
                amount("ndcg", ndcg.value),
                change or None,
                delta_description="vs Most popular" if change else None,
                help=plain(definition("ndcg", k)),
            )
            st.caption(f"95 % interval {amount('ndcg', ndcg.low)} to {amount('ndcg', ndcg.high)}")
        with card():
            hit = best.metrics["hit_rate"]
            st.metric(f"Hit rate@{k}", amount("hit_rate", hit.value), help=plain(definition("hit_rate", k)), delta=None)
            than = "" if usual is None else f"; Most popular {amount('hit_rate', usual.metrics['hit_rate'].value)}"
            st.caption(f"of users find a right item in their {k}{than}")
        with card():
            st.metric("Users judged", fmt.number(best.users), help="Those whose hidden item every model had to guess.")
            st.caption(f"{fmt.number(skipped)} more skipped: too few items to hide one")


def _popular(found: Comparison) -> ModelScore | None:
    return yardstick_of([m for m in found.models if m.metrics])


def _figure(store: Store, run: Run, found: Comparison) -> None:
    metric = st.segmented_control(
        "Judged by",
        METRICS,
        default=METRICS[0],
        required=True,
        key=METRIC,
        bind="query-params",
        format_func=METRIC_NAMES.__getitem__,
    )
    good = [m for m in ranked(found, metric) if m.metrics]
    if good:
        chart(
            comparison_figure(found, metric),
            "fig_models",
            f"{METRIC_NAMES[metric]} of {len(good)} models with intervals; the same numbers stand in the table below.",
        )
    with st.container(horizontal=True, wrap=False, gap="medium"):
        st.caption(
            f"**Definition.** {plain(definition(metric, found.spec.k))} The bar is its 95 % interval: where the mean "
            "would lie for other users like these. The dashed line is Most popular, the yardstick.",
            width="stretch",
        )
        if good and not run.stale:
            see_users(
                store,
                "served",
                partial(_served, run, found),
                [
                    Choice("Model", {way_name(m.label, m.spec): m.label for m in good}),
                    Choice("Which users", {"With a right item in their list": True, "Without one": False}),
                ],
            )
    for model in found.models:
        if model.problem:
            said = f"{way_name(model.label, model.spec)} could not be judged: {model.problem['message']}"
            st.warning(plain(f"{said} {model.problem.get('hint', '')}"))


def _served(run: Run, found: Comparison, model: str, hit: bool) -> Behind:
    spec = next(m.spec for m in found.models if m.label == model)
    held = "held" if hit else "did not hold"
    words = f"whose list of {found.spec.k} from {way_words(model, spec)} {held} an item they went on to take"
    return Behind(f"{words} ({split_words(found.split)})", run_users(run.run_id, model, hit))


def _use(store: Store, run: Run, found: Comparison) -> None:
    """The next step: fit the model of one's choice on all the data, and see what it recommends."""
    good = [m for m in ranked(found) if m.metrics]
    if not good:
        return
    st.markdown("**What next?** Fit a model on all the data, with nothing hidden, and see what it recommends and why.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {m.label: way_name(m.label, m.spec) for m in good}
        key = f"use_{run.run_id}"
        st.selectbox("Model", list(names), key=key, format_func=names.__getitem__, width=320)
        st.button(
            "Use this model",
            type="primary",
            key="use_model",
            on_click=jobs.fit,
            args=(store, partial(_fit_spec, found, key)),
            disabled=jobs.busy(store, "fit"),
        )
    model_id = jobs.fitted(store)
    if model_id is not None:
        fitted_button(store, model_id)


def _fit_spec(found: Comparison, key: str) -> FitSpec:
    chosen = st.session_state[key]
    spec = next(m.spec for m in found.models if m.label == chosen)
    return FitSpec(spec, found.spec.matrix, found.spec.seed)


def fitted_button(store: Store, model_id: str) -> None:
    """Said once a model has been fitted: the way to what it recommends."""
    model = next((m for m in list_models(store) if m.model_id == model_id), None)
    if model is None:
        return
    st.success(
        f"{plain(spec_title(model.fit.model))} is ready: fitted on {fmt.count(model.users, 'user')} and "
        f"{fmt.count(model.items, 'item')} in {fmt.duration(model.seconds_fit)}."
    )
    if st.button("See why: recommendations of this model", key="see_why", type="primary"):
        jobs.explain(model_id)
