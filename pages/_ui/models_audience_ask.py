"""Models, the right people: what a check asks, as fields, and the AudienceSpec that they say."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.behaviour import category_columns, contents, top_items
from core.errors import Refusal
from core.evaluate import AudienceSpec
from core.figures import event_name
from core.recommend import has
from core.segments import common_values
from core.store import Store
from pages._ui import models_jobs as jobs
from pages._ui import models_settings as settings
from pages._ui.cache import ask
from pages._ui.matrix_settings import matrix_read, matrix_settings
from pages._ui.text import label

_OF = {"item": "Items", "category": "Categories"}
_BY = {"data": "Those with enough takers", "hand": "Chosen by hand"}
_PROPOSED = 300


def draw(store: Store, key: str, start: AudienceSpec, *, first: bool) -> None:
    """The fields, the button, and the settings behind their headings."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.number_input(
            "Users to choose for each",
            10,
            1_000_000,
            start.size,
            100,
            key=f"{key}_size",
            width=200,
            help="How many people the campaign would reach: each way of choosing names its best so many.",
        )
        columns = list(ask(store, category_columns))
        st.segmented_control(
            "For",
            ["item", "category"] if columns else ["item"],
            default=start.of if columns else "item",
            required=True,
            key=f"{key}_of",
            format_func=_OF.__getitem__,
            help="For a category, a user's scores for all its items are added up.",
        )
        _column(key, columns, start)
        st.segmented_control(
            "Which ones",
            list(_BY),
            default="hand" if start.targets or start.categories else "data",
            required=True,
            key=f"{key}_by",
            format_func=_BY.__getitem__,
            help="By the data: the items most often taken after the past day, which have enough takers to judge by.",
        )
    _targets(store, key, start)
    problem = _problem(key, start)
    place = st.container()
    with st.expander("Which models", icon=":material/model_training:", key=f"{key}_models_open"):
        settings.draw_models(key, start.models, has=ask(store, has), more=True)
    with st.expander("How behaviour counts", icon=":material/tune:", key=f"{key}_counts_open"):
        _event(store, key, start)
        matrix_settings(store, f"{key}_x", start.matrix)
    with place:
        st.button(
            "Check who would have been right",
            type="primary" if first else "secondary",
            key=f"{key}_go",
            on_click=jobs.audience,
            args=(store, partial(_read, store, key, start)),
            disabled=bool(problem) or jobs.busy(store, "audience"),
            help="It runs beside the page: you may go on working, or close it.",
        )
        if problem:
            st.caption(problem)


def _column(key: str, columns: list[str], start: AudienceSpec) -> None:
    """Which column says what a category is, where there is a choice."""
    if len(columns) > 1:
        place = columns.index(start.column) if start.column in columns else 0
        st.selectbox("Category by", columns, place, key=f"{key}_column", format_func=label, width=180)


def _targets(store: Store, key: str, start: AudienceSpec) -> None:
    """The items (or categories) named by hand."""
    said = st.session_state
    if said[f"{key}_by"] != "hand":
        return
    if said[f"{key}_of"] == "item":
        found = ask(store, top_items, "users", _PROPOSED)
        rows = [] if found.problem else found.table[["id", "label"]].to_dict("records")
        names = {str(row["id"]): str(row["label"]) for row in rows}
        st.multiselect(
            "Items",
            [*names, *(t for t in start.targets if t not in names)],
            list(start.targets),
            key=f"{key}_targets",
            format_func=lambda item: names.get(item, item),
            accept_new_options=True,
            placeholder="Choose items, or type an item's id",
            help=f"The {_PROPOSED} items with most users are offered; any other can be named by its id.",
        )
        return
    column = _chosen_column(store, key, start)
    values = [str(v.value) for v in ask(store, common_values, "item", column)] if column else []
    st.multiselect(
        "Categories",
        [*values, *(c for c in start.categories if c not in values)],
        list(start.categories),
        key=f"{key}_categories",
        placeholder="Choose categories",
    )


def _problem(key: str, start: AudienceSpec) -> str | None:
    """Why it cannot be started yet."""
    said = st.session_state
    if said[f"{key}_by"] == "hand":
        name = "targets" if said[f"{key}_of"] == "item" else "categories"
        if not said.get(f"{key}_{name}"):
            return f"Choose at least one {'item' if name == 'targets' else 'category'}, above."
    try:
        return None if settings.read_models(key, start.models) else "Choose at least one model, below."
    except Refusal as refusal:
        return f"{refusal.message} {refusal.hint}"


def _event(store: Store, key: str, start: AudienceSpec) -> None:
    present = [kind.event for kind in ask(store, contents) if kind.known and kind.event != "return"]
    options = [None, *present]
    st.selectbox(
        "What counts as taking it",
        options,
        options.index(start.event) if start.event in options else 0,
        key=f"{key}_event",
        format_func=lambda e: "Purchases, or any behaviour where there are none" if e is None else event_name(e),
        width=420,
    )


def _chosen_column(store: Store, key: str, start: AudienceSpec) -> str | None:
    columns = list(ask(store, category_columns))
    named = st.session_state.get(f"{key}_column", start.column)
    return str(named) if named in columns else next(iter(columns), None)


def _read(store: Store, key: str, start: AudienceSpec) -> AudienceSpec:
    """The question that the fields say. Raises Refusal `bad_audience`, `bad_matrix`, `bad_parameter`."""
    said = st.session_state
    of, by_hand = said[f"{key}_of"], said[f"{key}_by"] == "hand"
    items, categories = said.get(f"{key}_targets", ()), said.get(f"{key}_categories", ())
    return AudienceSpec(
        settings.read_models(key, start.models),
        matrix_read(store, f"{key}_x", start.matrix),
        int(said[f"{key}_size"]),
        of,
        _chosen_column(store, key, start),
        tuple(items) if by_hand and of == "item" else (),
        tuple(categories) if by_hand and of == "category" else (),
        said.get(f"{key}_event", start.event),
        start.seed,
    )
