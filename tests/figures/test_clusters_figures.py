"""Figures of clusters show what the answer says."""

from __future__ import annotations

import plotly.graph_objects as go

from core.figures.clusters import cluster_map_figure, cluster_number_figure, cluster_traits_figure
from core.segments.likeness.types import Cluster, Clustering, ClusterSpec, Trait, Tried

TRAIT = Trait("Lighting", 1.5, 0.46, 0.09, "share", "Lighting: 46 % of what they take, others 9.0 %")
ANSWER = Clustering(
    ClusterSpec(k=2), 90, 3, 10, (Cluster(0, "Lighting <b>", 60, 0.6, (TRAIT,)), Cluster(1, "Garden", 30, 0.3, ())),
    (Tried(2, 0.3, 100.0, 0.9, 0.8, 0.95), Tried(3, None, 120.0, 0.5, 0.4, 0.6)), "2", (0.0, 1.0, 2.0), (0.0, 1.0, 5.0),
    (0, 1, -1), ("a", "b<i>", "c"), "By axes.", ("Lighting",),
)  # fmt: skip


def test_numbers_tried_one_panel_each_the_chosen_one_marked() -> None:
    made = cluster_number_figure(ANSWER)
    silhouette, bic, stability = made.data
    assert list(silhouette.x) == [2]
    assert list(bic.y) == [100.0, 120.0]
    assert list(stability.y) == [0.9, 0.5]
    assert list(bic.marker.symbol) == ["diamond", "circle"]
    assert [round(v, 6) for v in stability.error_y.array] == [0.05, 0.1]


def test_the_map_has_each_user_once_and_escapes_names() -> None:
    made = cluster_map_figure(ANSWER)
    assert [trace.name for trace in made.data] == ["Lighting &lt;b&gt;", "Garden", "In none"]
    assert [c[0] for trace in made.data for c in trace.customdata] == ["a", "b&lt;i&gt;", "c"]
    assert all(isinstance(trace, go.Scattergl) for trace in made.data)
    assert len({(trace.marker.color, trace.marker.symbol) for trace in made.data}) == 3


def test_traits_say_their_sentence() -> None:
    made = cluster_traits_figure(ANSWER)
    (heat,) = made.data
    assert heat.z[0][0] == 1.5
    assert heat.z[0][1] is None
    assert heat.customdata[0][0][0] == TRAIT.words
    assert list(made.layout.yaxis.ticktext) == ["Lighting"]
