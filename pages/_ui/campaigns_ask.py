"""Campaigns, the question: about which items or which people, by which model, how many."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.behaviour import category_columns
from core.campaigns import MOST_OFFERS
from core.explain import Found, find_items
from core.recommend import StoredModel
from core.segments import common_values, list_segments
from core.store import Store
from pages._ui import campaigns_address as address
from pages._ui import campaigns_uploads as uploads
from pages._ui import fitted, state
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.segments_words import segment_labels
from pages._ui.text import label

OF, COLUMN, CATEGORY, FROM, PEOPLE, WHO = "of", "c_column", "category", "draw_from", "c_people", "who"
SIZE_BY, PEOPLE_BY, SIZE, SHARE, BUYERS, OFFERS = "size_by", "how_many", "size", "share", "buyers", "offers"
IDS: Final = "c_ids"
"""Session keys of the fields; those without `c_` are in the address as well."""

EVERYONE = ""
_OF = {"item": "Items", "category": "A category"}
_PEOPLE = {"segment": "A saved segment", "ids": "A file of user ids"}
_SIZES = {"number": "A number", "share": "A share", "all": "All of them"}
_BY_BUYERS = {"buyers": "Expected buyers"}  # where the model ranks users for an item
_FOUND, _TYPED = "c_found", "c_find"
_MOST, _FEW = 12, 6  # items offered; before anything is typed


def draw(store: Store, about_items: bool, model: StoredModel | None) -> str | None:
    """The fields of one of the two questions; why no list can be made yet, or None."""
    if about_items:
        wrong = _items(store)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            _draw_from(store)
            _size("Users to contact", SIZE_BY, "number", _SIZES | _BY_BUYERS)
        return _model(store, model) or wrong
    wrong = _people(store)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _size("How many of them to contact", PEOPLE_BY, "all", _SIZES)
        st.number_input(
            "Items to offer each",
            0,
            MOST_OFFERS,
            3,
            key=OFFERS,
            bind="query-params",
            width=160,
            help="Each user's next best items by the model: what they would want next. 0 = the list alone, no offers.",
        )
    needs = int(st.session_state.get(OFFERS) or 0) > 0
    return (_model(store, model) if needs else None) or wrong


# ---- what it is about


def _items(store: Store) -> str | None:
    columns = list(ask(store, category_columns))
    if columns:
        st.segmented_control(
            "About",
            list(_OF),
            default="item",
            required=True,
            key=OF,
            bind="query-params",
            format_func=_OF.__getitem__,
            help="Users are ranked by the model's score for the item; for several items, or a category, by the sum.",
        )
    if columns and st.session_state.get(OF) == "category":
        return _category(store, columns)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        typed = (
            st.text_input(
                "Find an item",
                key=_TYPED,
                type="search",
                live=True,
                placeholder="part of a title, or of an item id",
                width=340,
                icon=":material/search:",
            )
            or ""
        ).strip()
        held = address.chosen()
        if held:
            named = {found.id: found.label for id_ in held for found in ask(store, find_items, id_, 3)}
            st.multiselect(
                "The campaign is about",
                list(held),
                key=address.ITEMS,
                format_func=lambda id_: label(f"{named[id_]} ({id_})" if named.get(id_, id_) != id_ else id_),
                width=520,
            )
    if typed or not held:
        _matches(store, typed)
    return None if held else "Choose at least one item: type part of its title, or of its id."


def _matches(store: Store, typed: str) -> None:
    """Items to choose from; before anything is typed, some with much behaviour."""
    found = {item.id: item for item in ask(store, find_items, typed, _MOST if typed else _FEW)}
    if not found:
        st.caption("Nothing is called so. Any part of a title or an id will do, in capitals or not.")
        return
    st.session_state.pop(_FOUND, None)
    st.pills(
        "Choose one, or type on" if typed else "Some with much behaviour: choose one, or type",
        [*found],
        key=_FOUND,
        format_func=lambda id_: _said(found[id_]) if id_ in found else "",
        on_change=_take,
    )


def _said(item: Found) -> str:
    own = f"{item.label} ({item.id})" if item.label != item.id else item.id
    return label(f"{own if len(own) <= 60 else own[:59] + '…'} · {fmt.count(item.events, 'event')}")


def _take() -> None:
    item = st.session_state.get(_FOUND)
    if item:
        st.session_state[address.ITEMS] = list(dict.fromkeys([*address.chosen(), item]))
        st.session_state[_TYPED] = ""


def _category(store: Store, columns: list[str]) -> str | None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if len(columns) > 1:
            st.selectbox("Category by", columns, key=COLUMN, format_func=label, width=180)
        values = [str(v.value) for v in ask(store, common_values, "item", column(store) or columns[0])]
        _kept_among(CATEGORY, values)
        st.selectbox(
            "The category",
            values,
            index=None,
            key=CATEGORY,
            bind="query-params",
            format_func=label,
            placeholder="Choose a category",
            width=340,
        )
    return None if st.session_state.get(CATEGORY) else "Choose a category."


def column(store: Store) -> str | None:
    """The column of items that says what a category is."""
    columns = list(ask(store, category_columns))
    named = st.session_state.get(COLUMN)
    return str(named) if named in columns else next(iter(columns), None)


# ---- whom it is drawn from


def _segments(store: Store) -> dict[str, str]:
    """Name -> how it is called in a list."""
    return segment_labels(list_segments(store))


def _draw_from(store: Store) -> None:
    labels = _segments(store)
    names = [EVERYONE, *labels]
    _kept_among(FROM, names)
    st.selectbox(
        "Draw from",
        names,
        key=FROM,
        bind="query-params",
        format_func=lambda name: labels.get(name, "everyone"),
        width=260,
        help="A saved segment narrows down who can be chosen. Segments are built on the page Segments. Of a frozen one "
        "the members are settled; of any other they are whoever fits its rule when the list is made.",
    )


def _people(store: Store) -> str | None:
    labels = _segments(store)
    names = list(labels)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        who = st.segmented_control(
            "These people",
            list(_PEOPLE),
            default="segment",
            required=True,
            key=WHO,
            bind="query-params",
            format_func=_PEOPLE.__getitem__,
        )
        if who == "segment" and names:
            _kept_among(PEOPLE, names)
            st.selectbox(
                "Segment",
                names,
                index=None,
                key=PEOPLE,
                format_func=lambda name: labels.get(name, name),
                placeholder="Choose a segment",
                width=300,
            )
    if who == "ids":
        known = uploads.ids(store, IDS, "Users to reach", "One id a line, or a CSV with a column of user ids.")
        return None if known else "Give a file of user ids, above."
    if not names:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("No segment has been saved yet. Build one first, or give a file of user ids.")
            if st.button("Build a segment", key="c_to_segments"):
                state.go("segments")
        return "Save a segment first, or give a file of user ids."
    return None if st.session_state.get(PEOPLE) else "Choose a segment."


def _kept_among(key: str, options: list[str]) -> None:
    """Forget a choice that is there no longer (a segment deleted meanwhile, another workspace)."""
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state.pop(key)


# ---- how many, and by which model


def _size(text: str, key: str, start: str, ways: dict[str, str]) -> None:
    by = st.segmented_control(
        text,
        list(ways),
        default=start,
        required=True,
        key=key,
        bind="query-params",
        format_func=ways.__getitem__,
        help="Not counting the control group, which comes on top. A share is of those who pass all gates before it."
        + (" Expected buyers: as many users as would have held so many at a past day." if "buyers" in ways else ""),
    )
    if by == "number":
        st.number_input("Number of users", 1, 100_000_000, 500, 100, key=SIZE, bind="query-params", width=150)
    elif by == "share":
        st.number_input("Share (%)", 0.01, 100.0, 10.0, 1.0, key=SHARE, bind="query-params", format="%g", width=150)
    elif by == "buyers":
        st.number_input("Expected buyers", 1, 1_000_000, 20, 5, key=BUYERS, bind="query-params", width=150)


def _model(store: Store, model: StoredModel | None) -> str | None:
    """Which model ranks; why none can, or None."""
    fitting = fitted.follow(store)
    if model is None:
        if not fitting:
            fitted.panel(store)
        return "A model ranks the users. It is being fitted." if fitting else "A model ranks the users: fit one first."
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        fitted.chooser(store, model)
        fitted.another(store)
    if model.stale:
        if not fitting:
            fitted.again(store, model)
        return "The model is older than the data: fit it again."
    return None
