"""Models, the right people: whom would each model have chosen for an item, and how many of them took it since?"""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.evaluate import Audience, AudienceSpec, Measured, Run, TargetScore, ranked_ways, run_chosen, write_audience
from core.figures import event_name
from core.figures.evaluate import YARDSTICKS, audience_figure, target_figure, way_name
from core.recommend import USUAL, has
from core.recommend import spec as model_spec
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_audience_ask
from pages._ui import models_jobs as jobs
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.models_details import card, name_card
from pages._ui.models_words import when
from pages._ui.people import Behind, Choice, see_users
from pages._ui.text import plain

_MANY = {"item": "items", "category": "categories"}
LIFT = (
    "The share of the chosen users who took the item, divided by that share among all users who could have been "
    "chosen. 1 is choosing by chance; 3 reaches three times as many takers."
)
TARGET = "target"
"""Key of the item shown alone, in session state and in the address."""


def draw(store: Store) -> None:
    """The whole view."""
    if store.as_of() is None:
        st.info(
            "These data have no times, so that no past moment can be gone back to. Load events with a time to see whom "
            "each model would have chosen."
        )
        return
    jobs.follow(store, "audience")
    run = jobs.current(store, "audience")
    if run is not None:
        assert isinstance(run.answer, Audience)
        _result(store, run, run.answer)
        st.divider()
        st.markdown("**Check again**, for other items, sizes or models")
        models_audience_ask.draw(store, f"a_again_{run.run_id}", run.answer.spec, first=False)
        return
    st.markdown(
        "Who would have been the right people for an item? We go back to a past day, let every model choose the users "
        "to tell about it, and count how many of them took it since. The yardsticks are the heaviest buyers, recent "
        "buyers of the category, and chance."
    )
    # of a small shop 500 would be everybody: a tenth of the users then
    size = min(500, max(10, round(ask(store, has).users / 10)))
    start = AudienceSpec(tuple(model_spec(name) for name in USUAL if name != "popular"), size=size)
    models_audience_ask.draw(store, "a_first", start, first=True)


def _result(store: Store, run: Run, found: Audience) -> None:
    if run.stale:
        st.warning(f"The data have changed since this was checked on {when(run.created_at)}. Check again, below.")
    headline, _, rest = found.verdict.partition(". ")
    st.subheader(plain(headline.rstrip(".") + "."), anchor=False)
    if rest:
        st.markdown(plain(rest))
    _key_figures(found)
    if any(way.lift for way in found.ways):
        chart(audience_figure(found), "fig_audience", "Lift of each way of choosing; the same numbers stand below.")
    st.caption(f"**Definition.** Lift: {LIFT[:1].lower()}{LIFT[1:]} The bar is its 95 % interval over the items.")
    for way in found.ways:
        if way.problem:
            said = f"{way_name(way.way, way.spec)} could not be judged: {way.problem['message']}"
            st.warning(plain(f"{said} {way.problem.get('hint', '')}"))
    _table(found)
    with st.expander("How this was checked"):
        st.markdown("\n".join(f"- {plain(note)}" for note in found.notes))
    csv_button(
        "CSV of every item and way",
        partial(write_audience, found),
        "right-people.csv",
        "audience_csv",
        help="One line for each item (or category) and way of choosing.",
    )
    _alone(store, run, found)


def _key_figures(found: Audience) -> None:
    """The best model, and what it would have reached."""
    best = next((w for w in ranked_ways(found) if w.spec is not None), None)
    if best is None or best.lift is None or best.precision is None or best.recall is None:
        return
    things = fmt.count(len(found.targets), "item" if found.spec.of == "item" else "category", _MANY[found.spec.of])
    with st.container(horizontal=True, gap="small"):
        said = f"{fmt.number(found.spec.size)} users chosen for each of {things}"
        name_card("Highest lift", way_name(best.way, best.spec), said)
        with card():
            st.metric("Lift", f"{best.lift.value:.1f} × chance", help=LIFT)
            st.caption(f"95 % interval {best.lift.low:.1f} to {best.lift.high:.1f}")
        with card():
            st.metric("Took it, of the chosen", fmt.percent(best.precision.value, 2))
            st.caption(f"in the {fmt.count(found.facts.get('days'), 'day')} after they were chosen, on average")
        with card():
            st.metric("Reached, of all takers", fmt.percent(best.recall.value))
            st.caption("of those who took the item were among the chosen, on average")


def _table(found: Audience) -> None:
    ways = [way for way in ranked_ways(found) if way.lift is not None]
    against = [name for name in YARDSTICKS if name != "chance" and any(name in way.against for way in ways)]
    columns = {
        "Chosen by": [way_name(w.way, w.spec) for w in ways],
        "Lift": [_spread(w.lift) for w in ways],
        **{
            f"Against {YARDSTICKS[name].lower()}": [_spread(w.against.get(name), "+") for w in ways] for name in against
        },
        "Took it, of the chosen": [fmt.percent(w.precision.value if w.precision else None, 2) for w in ways],
        "Reached, of all takers": [fmt.percent(w.recall.value if w.recall else None) for w in ways],
        "Fit": [fmt.duration(w.seconds_fit) for w in ways],
    }
    helps = {
        "Lift": "Times as many takers as by chance, mean over the items; in brackets its 95 % interval.",
        "Took it, of the chosen": "Precision: the share of the chosen users who took the item, mean over the items.",
        "Reached, of all takers": "Recall: the share of all takers who were among the chosen, mean over the items.",
        "Fit": "Time to learn from the data.",
        **{
            f"Against {YARDSTICKS[name].lower()}": "Difference in lift over the same items. Where the interval in "
            "brackets holds 0, no difference can be shown."
            for name in against
        },
    }
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        height="content",
        column_config={
            "Chosen by": st.column_config.TextColumn(pinned=True),
            **{name: st.column_config.TextColumn(help=text, alignment="right") for name, text in helps.items()},
        },
    )


def _spread(value: Measured | None, sign: str = "") -> str:
    if value is None:
        return fmt.NONE
    if value.low == value.value == value.high:
        return f"{value.value:{sign}.2f}"
    return f"{value.value:{sign}.2f} ({value.low:{sign}.2f} to {value.high:{sign}.2f})"


def _alone(store: Store, run: Run, found: Audience) -> None:
    """One item (or category): how many of the chosen took it, for each way."""
    if not found.targets:
        return
    names = {t.id: f"{t.label} ({fmt.number(t.takers)} takers)" for t in found.targets}
    if st.session_state.get(TARGET) not in names:
        st.session_state.pop(TARGET, None)
    what = "item" if found.spec.of == "item" else "category"
    chosen = st.selectbox(
        f"One {what} by itself", list(names), key=TARGET, bind="query-params", format_func=names.__getitem__, width=420
    )
    place = list(names).index(chosen)
    aim = found.targets[place]
    did = event_name(found.event).lower()
    st.markdown(
        plain(
            f"{fmt.count(aim.takers, 'user')} of {fmt.number(aim.candidates)} who could have been chosen took "
            f"“{aim.label}” ({did}) in the {fmt.count(found.facts.get('days'), 'day')} looked at."
        )
    )
    chart(target_figure(found, place), "fig_target", "The share of the chosen who took it; the same numbers below.")
    rows = [(way, each) for way in ranked_ways(found, place) for each in way.each if each.target == place]
    st.dataframe(
        pd.DataFrame(
            {
                "Chosen by": [way_name(w.way, w.spec) for w, _ in rows],
                "Chosen": [fmt.number(e.chosen) for _, e in rows],
                "Took it": [fmt.number(e.taken) for _, e in rows],
                "Share": [fmt.percent(e.precision.value, 2) for _, e in rows],
                "95 % interval": [fmt.NONE if w.way == "chance" else _share_interval(e) for w, e in rows],
                "Reached, of all takers": [fmt.percent(e.recall) for _, e in rows],
                "Lift": [f"{e.lift:.2f}" for _, e in rows],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "95 % interval": st.column_config.TextColumn(alignment="right", help="Of the share, by Wilson's formula."),
            **{name: st.column_config.TextColumn(alignment="right") for name in _NUMBERS},
        },
    )
    named = {way_name(w.way, w.spec): w.way for w, _ in rows if w.way != "chance"}
    if named and not run.stale:
        kinds = {"Who took it": True, "Who did not": False, "All of them": None}
        choices = [Choice("Chosen by", named), Choice("Which users", kinds)]
        see_users(store, f"chosen_{place}", partial(_chosen, run, found, place), choices)


def _chosen(run: Run, found: Audience, place: int, way: str, took: bool | None) -> Behind:
    """The users whom one way chose for one item."""
    spec = next(w.spec for w in found.ways if w.way == way)
    said = {True: " and who took it since", False: " and who did not take it", None: ""}[took]
    words = f"whom {way_name(way, spec)} would have chosen for {found.targets[place].label}{said}"
    return Behind(words, run_chosen(run.run_id, way, place, took))


_NUMBERS = ("Chosen", "Took it", "Share", "Reached, of all takers", "Lift")


def _share_interval(each: TargetScore) -> str:
    return f"{fmt.percent(each.precision.low, 2)} to {fmt.percent(each.precision.high, 2)}"
