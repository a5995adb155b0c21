"""Models, lists side by side: what two to four fitted models would recommend to one user, and what they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.evaluate import JACCARD, RANKS, SharedLists, shared_lists
from core.explain import Did, Recommended, user_portrait
from core.recommend import StoredModel, list_models
from core.store import Store, write_rows
from pages._ui import explain_address as address
from pages._ui import explain_pick, fitted
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.explain_files import file_name
from pages._ui.explain_why import list_of
from pages._ui.explain_words import did_words
from pages._ui.models_words import spec_title
from pages._ui.text import plain

MODELS, WHY = "side_models", "side_why"
"""Keys of the chosen models (ids) and of whether reasons stand below the items; in session state and the address."""

_K, _LEAST, _MOST, _LATELY = 10, 2, 4, 5
_LINKED = "_side_linked"


def draw(store: Store) -> None:
    """The whole tab."""
    user = _user(store)
    models = _models(store)
    if user is None:
        st.info("Choose a user: type part of an id, or draw one at random.")
        return
    st.subheader(f"User {plain(user)}", anchor=False)
    _lately(store, user)
    if len(models) < _LEAST:
        return
    told = [_list(store, model, user) for model in models]
    lists = [rows for rows, _ in told]
    common = shared_lists([[row.item for row in rows] for rows in lists])
    _said(common, models)
    below = st.toggle(
        "Reasons below each item",
        key=WHY,
        bind="query-params",
        help="Off: point at the question mark beside an item to read why.",
    )
    for place, (column, model, (rows, problem)) in enumerate(
        zip(st.columns(len(models), gap="medium"), models, told, strict=True)
    ):
        with column:
            st.markdown(f"**{_letter(place)}. {plain(spec_title(model.fit.model))}**")
            if problem:
                st.caption(plain(problem))
            for row in rows:
                _line(row, place, common, len(models), below=below)
    st.caption(
        "Best first; items this user has had to do with are left out. Scores of different models cannot be compared, "
        "so only the order is shown."
    )
    _overlaps(common)
    csv_button(
        f"CSV of {fmt.count(len(models), 'list')}",
        _file(user, models, lists, common),
        file_name("lists side by side", user),
        "side_csv",
        help="One line for each place of each list, with the models that share the item, and the sentence on why.",
    )


def _user(store: Store) -> str | None:
    """The user, whom the address may name; the same as on the page Explain."""
    linked = st.query_params.get("user")
    if linked and linked != st.session_state.get(_LINKED):
        address.choose("user", linked)
    explain_pick.user(store)
    user = address.chosen("user")
    st.session_state[_LINKED] = user
    if user is None:
        st.query_params.pop("user", None)
    elif st.query_params.get("user") != user:
        st.query_params["user"] = user
    return user


def _models(store: Store) -> list[StoredModel]:
    """The chosen models; fewer than two where that many are not fitted, which has then been said."""
    every = list_models(store)
    fresh = {model.model_id: model for model in every if not model.stale}
    fitted.settle(store)
    fitting = fitted.follow(store)
    kept = [one for one in st.session_state.get(MODELS, ()) if one in fresh]
    if MODELS in st.session_state and len(kept) < len(st.session_state[MODELS]):
        st.session_state[MODELS] = kept
    titles = _titles(fresh)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if len(fresh) >= _LEAST:
            st.multiselect(
                "Fitted models, two to four",
                [*fresh],
                default=_first(fresh),
                key=MODELS,
                bind="query-params",
                max_selections=_MOST,
                format_func=lambda one: titles.get(one, ""),
                wrap=True,
                width=640,
            )
        if every:
            fitted.another(store)
    stale = len(every) - len(fresh)
    if stale:
        st.caption(f"Left out: {fmt.count(stale, 'model')} fitted before the data changed. Fit them again to see them.")
    chosen = [fresh[one] for one in st.session_state.get(MODELS, ()) if one in fresh]
    if len(fresh) < _LEAST and not fitting:
        said = "One model is fitted so far" if fresh else "No model is fitted on the data as they are"
        st.info(f"{said}: fit {'another' if fresh else 'two or more'} to see their lists side by side.")
        if not every:
            fitted.panel(store)
    elif len(fresh) >= _LEAST and len(chosen) < _LEAST:
        st.info("Choose two to four models.")
    return chosen


def _first(fresh: dict[str, StoredModel]) -> list[str]:
    """The newest of each kind, three at most."""
    kinds: dict[object, str] = {}
    for model_id, model in fresh.items():
        kinds.setdefault(model.fit.model, model_id)
    return [*kinds.values()][:3]


def _titles(fresh: dict[str, StoredModel]) -> dict[str, str]:
    """Model id -> what it is called; with the moment of the fit where two are called alike."""
    names = {model_id: spec_title(model.fit.model) for model_id, model in fresh.items()}
    often = Counter(names.values())
    return {
        one: name if often[name] == 1 else f"{name} · {fmt.moment(fresh[one].created_at)}"
        for one, name in names.items()
    }


def _lately(store: Store, user: str) -> None:
    person = ask(store, user_portrait, user)
    did: dict[str, list[Did]] = {}
    for line in person.history:
        if line.label and (line.label in did or len(did) < _LATELY):
            did.setdefault(line.label, []).append(line)
    if not did:
        st.caption("Nothing is known of what this user did.")
        return
    rows = []
    for item, lines in did.items():
        deeds = ", ".join(dict.fromkeys(did_words(line).lower() for line in lines))
        day = f", {fmt.day(lines[0].at)}" if lines[0].at else ""
        rows.append(f"**{plain(item)}** ({plain(deeds)}{day})")
    st.markdown(":small[Lately: " + " · ".join(rows) + "]")


def _list(store: Store, model: StoredModel, user: str) -> tuple[list[Recommended], str]:
    """One model's list; or an empty one, and why."""
    try:
        rows = ask(store, list_of, model.model_id, user, _K)
    except Refusal as refusal:
        return [], f"{refusal.message} {refusal.hint}"
    return rows, "" if rows else "This model has nothing to recommend to this user."


def _letter(place: int) -> str:
    return "ABCD"[place]


def _others(row: Recommended, place: int, common: SharedLists) -> list[str]:
    return [_letter(other) for other in common.holders[row.item] if other != place]


def _line(row: Recommended, place: int, common: SharedLists, models: int, *, below: bool) -> None:
    others = _others(row, place, common)
    mark = ""
    if len(others) == models - 1:
        mark = " :green-badge[in all]" if models > 2 else " :green-badge[in both]"
    elif others:
        mark = f" :blue-badge[also {', '.join(others)}]"
    st.markdown(f"{row.rank}\\. {plain(row.label)}{mark}", help=None if below else plain(row.sentence))
    if below:
        st.caption(plain(row.sentence))


def _said(common: SharedLists, models: list[StoredModel]) -> None:
    every = len(common.holders)
    if not every:
        return
    what = "both lists" if len(models) == _LEAST else f"all {len(models)} lists"
    st.markdown(
        f"**{fmt.count(len(common.in_all), 'item')} of {fmt.number(every)}** different ones "
        f"{'stands' if len(common.in_all) == 1 else 'stand'} in {what} of {_K}."
    )


def _overlaps(common: SharedLists) -> None:
    if not common.pairs:
        return
    st.markdown("**How much the lists share**")
    st.dataframe(
        pd.DataFrame(
            {
                "Lists": [f"{_letter(pair.a)} and {_letter(pair.b)}" for pair in common.pairs],
                "Items both name": [fmt.number(pair.common) for pair in common.pairs],
                "Items in common": [fmt.percent(pair.jaccard, 0) for pair in common.pairs],
                "Order in common": [fmt.percent(pair.ranks, 0) for pair in common.pairs],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "Items both name": st.column_config.TextColumn(alignment="right"),
            "Items in common": st.column_config.TextColumn(alignment="right", help=JACCARD),
            "Order in common": st.column_config.TextColumn(alignment="right", help=RANKS),
        },
    )
    st.caption(f"**Definitions.** {plain(JACCARD)} {plain(RANKS)}")


def _file(
    user: str, models: list[StoredModel], lists: list[list[Recommended]], common: SharedLists
) -> Callable[[Path], object]:
    head = ("user_id", "list", "model", "rank", "item_id", "title", "score", "also_in", "why")
    lines = [
        (
            user, _letter(n), spec_title(model.fit.model), row.rank, row.item, row.label, row.score,
            " ".join(_others(row, n, common)), row.sentence,
        )
        for n, (model, rows) in enumerate(zip(models, lists, strict=True))
        for row in rows
    ]  # fmt: skip
    return lambda path: write_rows(head, lines, path)
