"""How models are judged: what is hidden, what lists are made of, what is measured, and whom to tell apart."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.evaluate import SPLITS, CompareSpec, Split, by_words
from core.recommend import Has, has
from core.segments import saved_segments
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.models_words import SPLIT_HELP, SPLIT_NAMES
from pages._ui.text import label

CHEAP = 50_000_000
"""Scores (users judged x items) of a model up to which measuring beyond accuracy takes seconds, not minutes."""
_TIMELESS: tuple[Split, ...] = ("random", "share", "k-fold")
_LISTS = {"all": "All items", "sampled": "100 items: 1 right, 99 drawn"}


def cheap(found: Has, most_users: int | None) -> bool:
    """Whether measuring beyond accuracy is quick on these data."""
    users = found.users if most_users is None else min(found.users, most_users)
    return users * found.items <= CHEAP


def draw(store: Store, key: str, start: CompareSpec) -> None:
    """The fields under `key`; `read` says what they come to."""
    timed = store.as_of() is not None
    split = st.segmented_control(
        "What is hidden from the models, to judge them by",
        [s for s in SPLITS if timed or s in _TIMELESS],
        default=_split(store, start),
        required=True,
        key=f"{key}_split",
        format_func=SPLIT_NAMES.__getitem__,
        help=SPLIT_HELP,
        wrap=True,
    )
    if not timed:
        st.caption("These data have no times, so that nothing can be called the latest: items are drawn by chance.")
    _numbers(key, start, str(split))
    lists = st.segmented_control(
        "What each list is made from",
        list(_LISTS),
        default=start.candidates,
        required=True,
        key=f"{key}_candidates",
        format_func=_LISTS.__getitem__,
        help="All items: as the model would be used. 100 items: a protocol of published papers.",
    )
    if lists == "sampled":
        st.warning(
            "Only to compare with figures that were published in the same way. Among 100 drawn items the right one is "
            "easy to find: every figure comes out far higher, and models can change places. Nothing beyond accuracy "
            "is measured on such lists."
        )
    _more(store, key, start, sampled=lists == "sampled")


def read(store: Store, key: str, start: CompareSpec) -> dict[str, Any]:
    """What the fields say, by the names of CompareSpec; what `start` says where they are not drawn."""
    said = st.session_state
    candidates = said.get(f"{key}_candidates", start.candidates)
    share = said.get(f"{key}_share")
    return {
        "split": said.get(f"{key}_split", _split(store, start)),
        "k": int(said.get(f"{key}_k", start.k)),
        "seed": int(said.get(f"{key}_seed", start.seed)),
        "most_users": said.get(f"{key}_most", start.most_users),
        "share": start.share if share is None else round(share / 100, 2),
        "folds": int(said.get(f"{key}_folds", start.folds)),
        "candidates": candidates,
        "beyond": candidates == "all" and bool(said.get(f"{key}_beyond", start.beyond)),
        "segments": tuple(said.get(f"{key}_apart", start.segments)),
    }


def _numbers(key: str, start: CompareSpec, split: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if split == "share":
            st.number_input(
                "Hidden of each user's items (%)",
                5,
                45,
                round(start.share * 100),
                key=f"{key}_share",
                width=220,
                help="The last so many per cent are hidden, at least one item of each user; without times, so many "
                "drawn by chance.",
            )
        if split == "k-fold":
            st.number_input(
                "Parts",
                3,
                20,
                start.folds,
                key=f"{key}_folds",
                width=120,
                help="Each user's items are dealt into so many parts, and each part is hidden in turn: every model is "
                "fitted so many times, and takes so many times as long.",
            )
        st.number_input(
            "Items in each list",
            1,
            100,
            start.k,
            key=f"{key}_k",
            width=170,
            help="How many items a model may name for a user (k): as many as the mail or the page has room for.",
        )
        st.number_input(
            "Users judged at most",
            10,
            None,
            start.most_users,
            1000,
            key=f"{key}_most",
            width=190,
            placeholder="all of them",
            help="Beyond some thousand users chance hardly moves the result any more. They are drawn by the seed. "
            "Models always learn from all users. Empty = judge all of them, which may take long.",
        )
        st.number_input(
            "Seed",
            0,
            2**31 - 1,
            start.seed,
            key=f"{key}_seed",
            width=150,
            help="Where chance plays a part, the same seed gives the same result again. Another seed shows how much "
            "of the result is chance.",
        )


def _more(store: Store, key: str, start: CompareSpec, *, sampled: bool) -> None:
    """What else is measured: beyond accuracy, and each segment by itself."""
    found = ask(store, has)
    quick = cheap(found, st.session_state.get(f"{key}_most", start.most_users))
    st.checkbox(
        "**Beyond accuracy** · :small[how varied, surprising and popular the lists are]",
        start.beyond and not sampled,
        key=f"{key}_beyond",
        disabled=sampled,
        help="AUC, diversity, serendipity, novelty, popularity bias, Gini and calibration."
        + ("" if quick else f" On {fmt.count(found.items, 'item')} it takes longer than the accuracy."),
    )
    options = apart(store, found)
    options += [by for by in start.segments if by not in options]
    held = f"{key}_apart"
    if isinstance(st.session_state.get(held), list):  # a segment may have gone since
        st.session_state[held] = [by for by in st.session_state[held] if by in options]
    st.multiselect(
        "Each segment by itself",
        options,
        list(start.segments),
        key=held,
        format_func=apart_name,
        placeholder="Nobody is told apart",
        help="Every figure also for parts of the users, so that one sees whom a model serves badly: by how long their "
        "history is, a column of users, or a saved segment against all others.",
        width=720,
    )


def apart(store: Store, found: Has) -> list[str]:
    """All ways of telling users apart, as in CompareSpec.segments."""
    saved = [f"segment:{segment.name}" for segment in saved_segments(store)]
    return ["history", *(f"column:{name}" for name in found.user_columns), *saved]


def apart_name(by: str) -> str:
    """A way of telling users apart, as a chooser says it."""
    kind, _, name = by.partition(":")
    if kind == "segment":
        return f"Segment: {label(name)}"
    words = label(by_words(by))
    return words[:1].upper() + words[1:]


def _split(store: Store, start: CompareSpec) -> Split:
    return start.split if store.as_of() is not None or start.split in _TIMELESS else "random"
