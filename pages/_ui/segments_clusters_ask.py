"""Clusters: what is asked. Which users are compared, by what, how, and into how many groups."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import streamlit as st

from core.segments import USUAL_FEATURES, ClusterSpec
from core.store import Store
from pages._ui.segments_alike_jobs import busy, find_clusters

_ON: dict[str, str] = {"taste": "What they take", "features": "How they behave"}
_ON_SAID: dict[str, str] = {
    "taste": "Taste: the kinds of items each user takes (categories, and the parts within them; without categories "
    "the items themselves). How much somebody buys plays no part.",
    "features": "Behaviour: how often, how lately, how much and when each user is active and buys. Each feature "
    "counts the same, whatever its unit; very large values count as large, not more.",
}
_METHODS: dict[str, str] = {
    "kmeans": "Even groups (k-means)",
    "mixture": "Overlapping groups (mixture)",
    "hdbscan": "Dense crowds (HDBSCAN)",
}
_METHOD_SAID: dict[str, str] = {
    "kmeans": "k-means: every user belongs to the group whose middle is nearest. Quick and steady: begin here.",
    "mixture": "Gaussian mixture: groups may be long, wide, and run into each other; it says how surely a user "
    "belongs to a group.",
    "hdbscan": "HDBSCAN: looks for crowds of users very like each other. It finds by itself how many there are, and "
    "leaves users who belong to no crowd in none.",
}
_SUGGESTED, _CHOSEN = "As the data suggest", "My own"


def draw(store: Store, as_of: datetime | None) -> None:
    """The fields, and the button that starts the search."""
    on = st.segmented_control(
        "Compare users by", list(_ON), default="taste", required=True, key="clusters_on", format_func=_ON.__getitem__
    )
    st.caption(_ON_SAID[on])
    if on == "features":
        st.multiselect(
            "Features",
            list(USUAL_FEATURES),
            key="clusters_columns",
            accept_new_options=True,
            placeholder="The usual ones that your data can tell",
            format_func=_feature,
            help="Empty = the usual ones. Any feature of the page Features that is a number can be typed by its name.",
        )
    method = st.segmented_control(
        "Look for",
        list(_METHODS),
        default="kmeans",
        required=True,
        key="clusters_method",
        format_func=_METHODS.__getitem__,
        wrap=True,
    )
    st.caption(_METHOD_SAID[method])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if method == "hdbscan":
            st.number_input(
                "Smallest crowd (users)",
                2,
                None,
                None,
                key="clusters_smallest",
                placeholder="1 %, at least 25",
                width=210,
                help="Fewer users than this are no crowd. Empty = 1 % of the users compared, at least 25.",
            )
        else:
            way = st.segmented_control(
                "Number of clusters",
                (_SUGGESTED, _CHOSEN),
                default=_SUGGESTED,
                required=True,
                key="clusters_number",
                help="2 to 12 are tried; the suggestion is the number whose groups are clearest among those that come "
                "out alike when users are drawn anew. You see the curves, and can run again with another number.",
            )
            if way == _CHOSEN:
                st.number_input("Clusters", 2, 50, 6, key="clusters_k", width=130)
        st.number_input(
            "Fewest events a user",
            1,
            1_000_000,
            10,
            key="clusters_least",
            width=180,
            help="Users with fewer events are left out: too little is known of them. By taste, only events with an "
            "item count. Lower it to place more users, each less surely.",
        )
    st.button(
        "Find clusters",
        type="primary",
        key="clusters_find",
        disabled=busy(store, "clusters"),
        on_click=find_clusters,
        args=(store, partial(read, as_of)),
    )


def read(as_of: datetime | None) -> ClusterSpec:
    """What the fields say. Raises Refusal `bad_clusters`."""
    said = st.session_state
    on, method = said["clusters_on"], said["clusters_method"]
    chosen = method != "hdbscan" and said.get("clusters_number") == _CHOSEN
    return ClusterSpec(
        method,
        int(said["clusters_k"]) if chosen else None,
        on,
        tuple(said.get("clusters_columns", ())) if on == "features" else (),
        int(said["clusters_least"]),
        said.get("clusters_smallest") if method == "hdbscan" else None,
        as_of=as_of,
    )


def _feature(name: str) -> str:
    return name.replace("_", " ")
