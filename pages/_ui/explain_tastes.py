"""Explain: what a model's hidden tastes stand for."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.explain import FACTOR_MODELS, TasteOf, TastePlane, taste_plane, taste_users, tastes, turned
from core.figures import taste_name, taste_plane_figure, taste_weights_figure
from core.interactions import MatrixSpec
from core.recommend import FitSpec, StoredModel, info, list_models, spec
from core.segments import these_users
from core.store import Store
from pages._ui import explain_address as address
from pages._ui import explain_taste, fitted
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.explain_files import file_name, tastes_file
from pages._ui.home_figures import chart
from pages._ui.people import Behind
from pages._ui.shell import refuse
from pages._ui.text import label, plain

_TASTE, _UP = "taste", "taste_up"
_FIRST = "nmf"  # proposed where no model with tastes is there: its tastes only add, and are the easiest to read
_USERS = 100


def tastes_of(store: Store, model_id: str) -> tuple[TasteOf, ...]:
    """Every taste of a stored model."""
    model = fitted.load(store, model_id)
    return tastes(store, model, found=turned(model))


def plane_of(store: Store, model_id: str, across: int, up: int) -> TastePlane:
    """Items on two tastes of a stored model."""
    return taste_plane(store, fitted.load(store, model_id), across, up)


def users_of(store: Store, model_id: str, number: int, low: bool) -> tuple[int, ...]:
    """user_no of the users whom an end of a taste describes best."""
    return taste_users(fitted.load(store, model_id), number, low=low, most=_USERS)


def draw(store: Store, model: StoredModel | None) -> None:
    """The whole view."""
    fitting = fitted.follow(store)
    if model is not None:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            fitted.chooser(store, model)
            fitted.another(store)
    if model is None or model.fit.model.model not in FACTOR_MODELS:
        _without(store, model, fitting=fitting)
        return
    if model.stale:
        if not fitting:
            fitted.again(store, model)
        return
    try:
        with st.spinner("Reading the tastes …", show_time=True):
            found = ask(store, tastes_of, model.model_id)
    except Refusal as refusal:
        refuse(refusal)
        return
    if not found:
        st.info("This model has learnt no taste at all: fit it on more behaviour, or with less caution.")
        return
    _all(found)
    _one(store, model, found)


def _without(store: Store, model: StoredModel | None, *, fitting: bool) -> None:
    """No model with tastes is in use: which have them, and the way to one."""
    names = ", ".join(f"“{info(name).plain}”" for name in FACTOR_MODELS)
    has = "" if model is None else f"“{info(model.fit.model.model).plain}” has no hidden tastes. "
    st.info(
        plain(
            f"{has}A model with hidden tastes describes users and items by a few dozen directions, each told here by "
            f"the items and users at its ends. These have them: {names}."
        )
    )
    there = [one for one in list_models(store) if one.fit.model.model in FACTOR_MODELS and not one.stale]
    with st.container(horizontal=True, gap="small"):
        if there:
            st.button(
                label(f"Use {fitted.name(there[0])}"),
                key="tastes_use",
                type="primary",
                on_click=address.choose,
                args=(fitted.MODEL, there[0].model_id),
            )
        if not fitting:
            matrix = MatrixSpec() if model is None else model.fit.matrix
            st.button(
                f"Fit “{info(_FIRST).plain}” on all the data",
                key="tastes_fit",
                type="secondary" if there else "primary",
                on_click=_fit,
                args=(store, FitSpec(spec(_FIRST), matrix)),
                help="Tastes that only ever add, so that each can be read as a theme. Runs beside the page.",
            )


def _fit(store: Store, fit: FitSpec) -> None:
    fitted.start(store, fit)


def _all(found: tuple[TasteOf, ...]) -> None:
    picked = chart(
        taste_weights_figure(found),
        "tastes_weights",
        "Share of each taste; the same numbers stand in the chooser below.",
    )
    numbers = [taste.number for taste in found]
    if picked is not None:
        st.session_state[_TASTE] = int(picked[0])
    if st.session_state.get(_TASTE) not in (None, *numbers):
        st.session_state.pop(_TASTE, None)
    squared = found[0].of == "scores squared"
    st.caption(
        f"{fmt.count(len(found), 'taste')}, the weightiest first. Share: of all {found[0].of} of the model"
        + (
            ". What draws all users alike has been set aside, or the first taste would be popularity. Each has two "
            "ends: who leans to the one, leans away from the other."
            if squared
            else ". Tastes of this model only add: each is a theme, with no other end."
        )
        + " Names are those of what sets its items apart; the model itself knows none. Click on a bar to open it."
    )


def _one(store: Store, model: StoredModel, found: tuple[TasteOf, ...]) -> None:
    by_number = {taste.number: taste for taste in found}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        number = st.selectbox(
            "Open a taste",
            list(by_number),
            key=_TASTE,
            bind="query-params",
            format_func=lambda n: f"{label(taste_name(by_number[n], 60))} ({fmt.percent(by_number[n].weight)})",
            width=460,
        )
        csv_button(
            f"CSV of {fmt.count(len(found), 'taste')}",
            tastes_file(found),
            file_name("tastes", info(model.fit.model.model).plain),
            "tastes_csv",
            help="Typical items of every end. It names no user.",
        )
    taste = by_number[number]

    def behind(low: bool) -> Behind:
        numbers = ask(store, users_of, model.model_id, taste.number, low)
        return Behind(f"most typical of {'the other end of ' if low else ''}taste {taste.number}", these_users(numbers))

    explain_taste.draw(store, taste, behind)
    if len(found) > 1:
        _plane(store, model, found, taste)


def _plane(store: Store, model: StoredModel, found: tuple[TasteOf, ...], taste: TasteOf) -> None:
    others = {one.number: one for one in found if one.number != taste.number}
    if st.session_state.get(_UP) not in (None, *others):
        st.session_state.pop(_UP, None)
    up = st.selectbox(
        "Against which other taste",
        list(others),
        key=_UP,
        bind="query-params",
        format_func=lambda n: label(taste_name(others[n], 60)),
        width=460,
    )
    plane = ask(store, plane_of, model.model_id, taste.number, up)
    st.plotly_chart(
        taste_plane_figure(plane, taste_name(taste), taste_name(others[up])),
        theme="streamlit",
        key="tastes_plane",
        config={"displayModeBar": False},
        alt="Items on two tastes; the strongest of each end stand in the tables above.",
    )
    st.caption(
        f"{fmt.number(len(plane.points))} items of {fmt.number(plane.of)}, the farthest out. 1 = "
        "the item that a taste is strongest in; in the middle neither says much."
    )
