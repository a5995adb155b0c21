"""Models: how well users with little or no history, and items nobody has taken, are served."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.evaluate import Measured, Newcomers, NewcomersSpec, Run, UserScore, write_newcomers
from core.figures.evaluate import amount, definition
from core.figures.newcomers import ITEM_WAYS, LEFT_WITH, new_items_figure, newcomers_figure, road_name
from core.recommend import spec as model_spec
from core.store import Store
from pages._ui import format as fmt
from pages._ui import models_jobs as jobs
from pages._ui import models_newcomers_try, models_settings
from pages._ui.downloads import csv_button
from pages._ui.home_figures import chart
from pages._ui.matrix_settings import matrix_read, matrix_settings
from pages._ui.models_details import card, name_card
from pages._ui.models_words import SPLIT_NAMES, when
from pages._ui.text import plain

_MOST = 2_000


def draw(store: Store) -> None:
    """The whole view."""
    jobs.follow(store, "newcomers")
    run = jobs.current(store, "newcomers")
    if run is None:
        st.markdown(
            "What do we offer a user of whom we know nothing yet, or one item, or two? And whom do we tell of an item "
            "that nobody has taken? We take some users out of the data, meet them again as if they were new, and see "
            "which road finds what they went on to take. Some items are hidden likewise. The yardstick is the list of "
            "bestsellers."
        )
        split = "leave-last-out" if store.as_of() is not None else "random"
        _ask(store, "n_first", NewcomersSpec(split=split), first=True)  # type: ignore[arg-type]
    else:
        assert isinstance(run.answer, Newcomers)
        _result(run, run.answer)
    st.divider()
    models_newcomers_try.draw(store)
    if run is not None:
        assert isinstance(run.answer, Newcomers)
        st.divider()
        st.markdown("**Check again**, with other models or settings")
        _ask(store, f"n_again_{run.run_id}", run.answer.spec, first=False)


def _ask(store: Store, key: str, start: NewcomersSpec, *, first: bool) -> None:
    place = st.container()
    with st.expander("Which models short histories are put into", icon=":material/model_training:", key=f"{key}_mo"):
        models_settings.draw_models(key, start.models)
    with st.expander("How behaviour counts", icon=":material/tune:", key=f"{key}_co"):
        matrix_settings(store, f"{key}_x", start.matrix)
    with st.expander("How they are judged", icon=":material/balance:", key=f"{key}_jo"):
        _judging(store, key, start)
    with place:
        st.button(
            "Check new users and items",
            type="primary" if first else "secondary",
            key=f"{key}_go",
            on_click=jobs.newcomers,
            args=(store, partial(_read, store, key, start)),
            disabled=jobs.busy(store, "newcomers"),
            help="It runs beside the page: you may go on working, or close it.",
        )
        st.caption(
            "Takes some seconds to some minutes, by the models chosen. Attributes are tried where there are any."
        )


def _judging(store: Store, key: str, start: NewcomersSpec) -> None:
    splits = [s for s in ("leave-last-out", "time", "random") if store.as_of() is not None or s == "random"]
    st.segmented_control(
        "Which users are judged",
        splits,
        default=start.split if start.split in splits else splits[0],
        required=True,
        key=f"{key}_split",
        format_func=SPLIT_NAMES.__getitem__,
        help="Users whose hidden items are counted as right, beside what they took after their first ones.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.number_input("Items in each list", 1, 100, start.k, key=f"{key}_k", width=170)
        st.number_input(
            "Users judged at most",
            10,
            100_000,
            start.most_users,
            500,
            key=f"{key}_most",
            width=190,
            help="They are drawn by the seed, and taken out of the data that models learn from: so never more than a "
            "third of all users.",
        )
        st.number_input(
            "Items to hide (%)",
            1,
            50,
            round(start.hide * 100),
            key=f"{key}_hide",
            width=170,
            help="At most 200 of them.",
        )
        st.number_input("Seed", 0, 2**31 - 1, start.seed, key=f"{key}_seed", width=150)


def _read(store: Store, key: str, start: NewcomersSpec) -> NewcomersSpec:
    """The question that the fields say. Raises Refusal `bad_newcomers`, `bad_matrix`, `bad_parameter`."""
    said = st.session_state
    return NewcomersSpec(
        models_settings.read_models(key, start.models) or (model_spec("item-knn"),),
        matrix_read(store, f"{key}_x", start.matrix),
        said.get(f"{key}_split", start.split),
        int(said.get(f"{key}_k", start.k)),
        int(said.get(f"{key}_seed", start.seed)),
        int(said.get(f"{key}_most", start.most_users)),
        said.get(f"{key}_hide", start.hide * 100) / 100,
    )


def _result(run: Run, found: Newcomers) -> None:
    if run.stale:
        st.warning(f"The data have changed since this was checked on {when(run.created_at)}. Check again, below.")
    st.subheader("How well new users and new items are served", anchor=False)
    st.markdown("\n".join(f"- {plain(line)}" for line in _sentences(found.verdict)))
    _key_figures(found)
    chart(newcomers_figure(found), "fig_newcomers", "How well each road serves new users; the same numbers below.")
    st.caption(
        f"**Definition.** {plain(definition('ndcg', found.spec.k))} The bar is its 95 % interval: where it would lie "
        "for other users like these. Grey diamonds are the bestsellers, the yardstick."
    )
    for one in found.users:
        if one.problem:
            said = f"{LEFT_WITH[one.events]}: {road_name(one)} could not be tried. {one.problem['message']}"
            st.warning(plain(f"{said} {one.problem.get('hint', '')}"))
    _users(found)
    st.markdown("**New items**")
    if found.items_problem is not None:
        st.info(plain(f"{found.items_problem['message']} {found.items_problem.get('hint', '')}"))
    else:
        chart(new_items_figure(found), "fig_new_items", "How well takers of new items are found; numbers below.")
        _items(found)
    csv_button("CSV of all numbers", partial(write_newcomers, found), "new-users-and-items.csv", "newcomers_csv")
    with st.expander("How this was checked"):
        lines = [
            *found.notes,
            f"Made on {when(run.created_at)} with Limelight {run.limelight}; seed {found.spec.seed}.",
        ]
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def _sentences(verdict: str) -> list[str]:
    """One line for each number of items, and one for new items."""
    head, mark, items = verdict.partition(" New items")
    lines = head.replace(". Users ", ".\nUsers ").splitlines()
    return [*lines, f"New items{items}"] if mark else lines


def _key_figures(found: Newcomers) -> None:
    with st.container(horizontal=True, gap="small"):
        for events in sorted({one.events for one in found.users}):
            done = [one for one in found.users if one.events == events and one.ndcg is not None]
            if not done:
                continue
            best = max(done, key=lambda one: one.ndcg.value if one.ndcg else 0.0)
            sure = best.ahead is not None and best.p_holm is not None and best.p_holm < 0.05
            popular = best.road == "popular"
            said = "the yardstick" if popular else "surely ahead of bestsellers" if sure else "not surely ahead"
            assert best.ndcg is not None
            name_card(
                LEFT_WITH[events], road_name(best), f"NDCG@{found.spec.k} {amount('ndcg', best.ndcg.value)}, {said}"
            )
        content = next((one for one in found.items if one.way == "content"), None)
        if content is not None:
            with card():
                st.metric("New items: lift", f"{content.lift.value:.1f} × chance", help=_LIFT)
                st.caption(f"95 % interval {content.lift.low:.1f} to {content.lift.high:.1f}, first 5 % of users")


def _users(found: Newcomers) -> None:
    k, rows = found.spec.k, found.users
    table = {
        "Known, and road": [f"{LEFT_WITH[one.events]}: {road_name(one)}" for one in rows],
        f"NDCG@{k}": [fmt.NONE if one.ndcg is None else amount("ndcg", one.ndcg.value) for one in rows],
        f"Hit rate@{k}": [fmt.NONE if one.hit_rate is None else amount("hit_rate", one.hit_rate.value) for one in rows],
        "Against bestsellers": [_meaning(one) for one in rows],
    }
    helps = {
        f"NDCG@{k}": plain(definition("ndcg", k)),
        f"Hit rate@{k}": plain(definition("hit_rate", k)),
        "Against bestsellers": "Difference in NDCG over the same users. Intervals are in the figure and in the CSV.",
    }
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height="content",
        column_config={n: st.column_config.TextColumn(help=text, alignment="right") for n, text in helps.items()},
    )
    st.caption(
        f"{fmt.count(found.facts['users'], 'user')} met as if new, in each row the same. “Surely” means p below 0.05 "
        "after Holm's correction for all rows; “not shown”, that it may be chance."
    )


def _items(found: Newcomers) -> None:
    table = {
        "Users found": [ITEM_WAYS[one.way] for one in found.items],
        "AUC": [_spread("auc", one.auc) for one in found.items],
        "Lift at 5 %": [_spread("lift", one.lift) for one in found.items],
    }
    helps = {
        "AUC": "The chance that a user who took the item stands before one who did not: 0.5 is chance, 1 is perfect.",
        "Lift at 5 %": _LIFT,
    }
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height="content",
        column_config={n: st.column_config.TextColumn(help=text, alignment="right") for n, text in helps.items()},
    )
    hidden, asked = found.facts.get("items_hidden"), found.facts.get("items_users")
    st.caption(
        f"{fmt.count(hidden, 'item')} hidden, {fmt.count(asked, 'user')} asked about. {_LIFT} "
        "AUC: the chance that a user who took the item stands before one who did not."
    )


_LIFT = "Lift: the share of takers among the first 5 % of users, over that among all; 1 is chance."


def _spread(metric: str, value: Measured | None) -> str:
    if value is None:
        return fmt.NONE
    digits = 1 if metric == "lift" else 3
    if value.low == value.value == value.high:
        return f"{value.value:.{digits}f}"
    return f"{value.value:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def _meaning(one: UserScore) -> str:
    if one.problem:
        return "could not be tried"
    if one.ahead is None or one.p_holm is None:
        return "the yardstick"
    if one.p_holm >= 0.05:
        return f"{one.ahead.value:+.3f}, not shown"
    return f"{one.ahead.value:+.3f}, surely {'better' if one.ahead.value > 0 else 'worse'}"
