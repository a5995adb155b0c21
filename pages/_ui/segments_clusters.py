"""Segments by likeness, clusters: groups of users alike, what sets each apart, and its users."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.figures.clusters import cluster_map_figure, cluster_number_figure, cluster_traits_figure
from core.segments import Clustering, ClusterSpec, KeptGroup, cautions, clustering_now
from core.store import Store
from pages._ui import format as fmt
from pages._ui import segments_alike_jobs as jobs
from pages._ui import segments_alike_kept as kept
from pages._ui import segments_clusters_ask as ask_for
from pages._ui import segments_clusters_one as one
from pages._ui.home_figures import chart
from pages._ui.text import plain, unbroken

_TABS = ("What sets them apart", "Map", "How many clusters", "How they were made")
_AGAIN = "clusters_again"
_STRONGEST = 3


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    jobs.follow(store, "clusters")
    group = kept.chooser(store, "clusters")
    with st.expander(
        "Find new clusters", icon=":material/search:", expanded=group is None, key=f"clusters_new_{group is None}"
    ):
        ask_for.draw(store, as_of)
    if group is not None:
        _shown(store, group)


def _shown(store: Store, group: KeptGroup) -> None:
    found = clustering_now(store, group)
    st.subheader(plain(group.name), anchor=False)
    kept.told(store, group)
    for note in cautions(found):
        st.warning(plain(note))
    _stale(store, group)
    jobs.follow_assigned(store, group.name)
    _key_figures(found)
    _table(found)
    with st.container(horizontal=True):
        kept.manage(store, "clusters", group)
        st.button(
            "Assign users of now",
            key="clusters_assign",
            disabled=jobs.busy(store, "assign"),
            on_click=jobs.assign,
            args=(store, group.name),
            help="Puts everybody with enough events by now into the cluster they are nearest to. The clusters stay "
            "as they are.",
        )
    one.draw(store, group, found)
    _figures(store, group, found)


def _stale(store: Store, group: KeptGroup) -> None:
    if group.version != store.version:
        st.info(
            "Data came or went since users were put into these clusters. “Assign users of now” puts everybody into "
            "them; “Find new clusters” looks anew."
        )


def _key_figures(found: Clustering) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.metric("Clusters", fmt.number(len(found.clusters)), width=130)
        st.metric(
            "Users in them",
            fmt.number(found.users),
            width=170,
            help=f"Known users with at least {fmt.count(found.spec.min_events, 'event')}"
            f"{' with an item' if found.spec.on == 'taste' else ''} by then.",
        )
        st.metric("Too little known", fmt.number(found.left_out), width=170, help="Known users with fewer events.")
        if found.noise:
            st.metric("In no cluster", fmt.number(found.noise), width=170, help="Users who belong to no crowd.")


def _table(found: Clustering) -> None:
    traits = [
        " · ".join(plain(unbroken(t.words)) for t in c.traits[:_STRONGEST]) or "nothing by much" for c in found.clusters
    ]  # fmt: skip
    st.table(
        pd.DataFrame(
            {
                "Cluster": [f"**{plain(c.name)}**" for c in found.clusters],
                "Users": [fmt.number(c.users) for c in found.clusters],
                "Share": [unbroken(fmt.percent(c.share)) for c in found.clusters],
                "What sets it apart most": traits,
            }
        ),
        border="horizontal",
        hide_index=True,
    )
    st.caption(
        "Users: of now. Share: of the users in a cluster. What sets it apart: the mean of its users against the mean "
        "of all other users compared; the name is made of it, and can be changed."
    )


def _figures(store: Store, group: KeptGroup, found: Clustering) -> None:
    tabs = st.tabs(list(_TABS), key="clusters_show", bind="query-params")
    with tabs[0]:
        chart(cluster_traits_figure(found), "fig_cluster_traits", "Heat map: how far each cluster lies from all others")
        st.caption(
            "**Definition.** Colour: the difference between the mean of the cluster and the mean of all other users, "
            "in standard deviations (how much users differ in it at all). Blue is more, amber is less, empty is about "
            "the same. The four strongest of each cluster are shown."
        )
    with tabs[1]:
        chart(cluster_map_figure(found), "fig_cluster_map", "Users as points on two dimensions, coloured by cluster")
        st.caption(plain(f"{found.map_words} As of when the clusters were made."))
    with tabs[2]:
        _number(store, group, found)
    with tabs[3]:
        st.markdown("\n".join(f"- {plain(note)}" for note in (*found.notes, _compared(found))))


def _compared(found: Clustering) -> str:
    return f"Computed in {fmt.duration(found.seconds)}, comparing {fmt.count(len(found.features), 'measure')} a user."


def _number(store: Store, group: KeptGroup, found: Clustering) -> None:
    st.markdown(plain(found.suggested))
    if not found.tried:
        return
    picked = chart(cluster_number_figure(found), "fig_cluster_number", "Silhouette, BIC, stability by number")
    if picked:
        st.session_state[_AGAIN] = int(picked[0])
    st.caption(
        "**Definitions.** Silhouette (-1 to 1): how much nearer users are to their own group than to the next one; "
        "higher is clearer. BIC: how well so many groups describe the users, less a charge for each group; lower is "
        "better. Stability (agreement of 1, adjusted Rand): how alike the groups come out when users are drawn anew; "
        "bars show the range of nine in ten pairs of draws. The diamond is the number taken."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if _AGAIN not in st.session_state:
            st.session_state[_AGAIN] = len(found.clusters)
        st.number_input("Clusters", 2, 50, key=_AGAIN, width=130, help="Or click a point of the curves.")
        st.button(
            "Run again with this number",
            key="clusters_again_do",
            disabled=jobs.busy(store, "clusters"),
            on_click=jobs.find_clusters,
            args=(store, partial(_another, store, group, found.spec)),
            help="Everything else as it was. These clusters stay kept.",
        )


def _another(store: Store, group: KeptGroup, spec: ClusterSpec) -> ClusterSpec:
    at_the_end = group.as_of == store.as_of()
    return replace(spec, k=int(st.session_state[_AGAIN]), as_of=None if at_the_end else spec.as_of)
