"""Figures of explanations without a screen: bars, axis titles with units, what hover says, hostile names."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from core.explain import LabelledView, Part, SharedItem, SimilarUser, Taste, Trait
from core.figures import parts_are_shares, parts_figure, shared_items_figure, tastes_figure, traits_figure
from core.figures.template import BLUE, GREEN, GREY, MAUVE, WINE

HOW = "How often the two go together."
ITEMS = LabelledView(
    "items",
    exact=True,
    fidelity=1.0,
    how=HOW,
    parts=(Part("b", "Book", 0.5, 0.5, "bought twice"), Part("t", "Tea", -0.1, -0.1), Part("c", "Cup", 0.05, 0.05)),
    others=12,
    others_value=0.55,
)


def labels(figure: go.Figure) -> list[str]:
    """The words above the bars, from the top down."""
    return [note.text for note in sorted(figure.layout.annotations, key=lambda note: -note.y)]


def lengths(figure: go.Figure) -> list[float]:
    """The bars from the top down."""
    bar = figure.data[0]
    return [x for _, x in sorted(zip(bar.y, bar.x, strict=True), reverse=True)]


def test_parts_of_an_exact_view_add_up_to_all_of_the_score() -> None:
    figure = parts_figure(ITEMS, 1.0)
    assert labels(figure) == ["Book", "Tea", "Cup", "12 other items together"]
    assert lengths(figure) == pytest.approx([50, -10, 5, 55])
    assert sum(lengths(figure)) == pytest.approx(100)
    assert figure.layout.xaxis.title.text == "Share of the score (%)"
    assert figure.layout.title.text == "Past items, and what each adds"
    assert list(figure.data[0].marker.color) == [GREEN, WINE, GREEN, GREY]
    assert [facts[0] for facts in figure.data[0].customdata] == ["b", "t", "c", ""]
    said = figure.data[0].customdata[0][2]
    assert "50.0 % of the score" in said
    assert "adds +0.5 to a score of 1" in said
    assert "bought twice" in said
    assert HOW in figure.data[0].hovertemplate
    assert figure.layout.xaxis.range[0] < -10
    assert figure.layout.xaxis.range[1] > 55


def test_the_base_is_shown_and_is_no_part_of_the_hundred() -> None:
    figure = parts_figure(ITEMS, 3.0, 2.0)
    assert labels(figure)[-1] == "Where every score begins"
    assert lengths(figure) == pytest.approx([50, -10, 5, 55, 200])
    without = lengths(parts_figure(ITEMS, 1.0))
    assert lengths(figure)[:4] == pytest.approx(without)


@pytest.mark.parametrize("score", [0.02, 0.0, -1.0])
def test_where_parts_outweigh_the_whole_they_are_shown_as_they_are(score: float) -> None:
    """A score near 0 made of large parts that cancel out: shares would be thousands of per cent."""
    assert not parts_are_shares(ITEMS, score)
    figure = parts_figure(ITEMS, score)
    assert lengths(figure) == [0.5, -0.1, 0.05, 0.55]
    assert figure.layout.xaxis.title.text == "Part of the score (in its own unit)"
    assert list(figure.data[0].text)[:2] == ["+0.5", "-0.1"]
    assert "%" not in "".join(figure.data[0].text)


def test_users_have_a_colour_of_their_own_and_one_other_is_singular() -> None:
    view = replace(ITEMS, of="users", parts=ITEMS.parts[:1], others=1, others_value=0.5)
    figure = parts_figure(view, 1.0)
    assert labels(figure) == ["Book", "1 other user together"]
    assert list(figure.data[0].marker.color) == [MAUVE, GREY]
    assert figure.layout.title.text.startswith("Users who took it")


def test_shared_items_and_the_rest_make_the_whole_similarity() -> None:
    items = tuple(SharedItem(f"i{n}", f"Item {n}", 0.04, 1.0, 2.0) for n in range(20))
    figure = shared_items_figure(SimilarUser("w", 0.5, 0.6, 30, items, others_share=0.2), most=15)
    assert labels(figure)[-1] == "15 other items together"
    assert sum(lengths(figure)) == pytest.approx(100)
    assert figure.layout.xaxis.title.text == "Share of their similarity (%)"
    assert len(labels(figure)) == 16
    few = shared_items_figure(SimilarUser("w", 0.5, 0.6, 2, (SharedItem("a", "A", 1.0, 1, 1),) * 2))
    assert labels(few) == ["A", "A"], "nothing is left over"


def test_tastes_stand_beside_everyones_the_user_on_top() -> None:
    rows = (Taste("toys", 30, 0.6, 0.2, 3.0), Taste("books", 20, 0.004, 0.5, 0.008))
    figure = tastes_figure(rows, "Category: this user against all users")
    everyone, user = figure.data
    assert (everyone.name, user.name) == ("All users", "This user"), "the last of a group is drawn on top"
    assert (everyone.marker.color, user.marker.color) == (GREY, BLUE)
    assert list(user.x) == pytest.approx([60, 0.4])
    assert list(user.text) == ["60 %", "0.4 %"], "a small share is no zero"
    assert list(everyone.x) == pytest.approx([20, 50])
    assert list(figure.layout.yaxis.ticktext) == ["toys", "books"]
    assert list(figure.layout.yaxis.tickvals) == [1, 0], "the first on top"
    assert figure.layout.xaxis.title.text == "Share of events (%)"
    assert "30 events of this user; 3.0 times the usual share" in user.customdata[0]
    assert figure.layout.legend.traceorder == "reversed"


def test_traits_name_column_and_value() -> None:
    figure = traits_figure((Trait("country", "IE", 40, 0.4, 0.1, 4.0),))
    assert list(figure.layout.yaxis.ticktext) == ["country: IE"]
    assert [bar.name for bar in figure.data] == ["All buyers", "Its buyers"]
    assert figure.layout.xaxis.title.text == "Share of buyers (%)"


def test_hostile_names_and_empty_views() -> None:
    bad = "<img src=x>%{y}{x}" + "long " * 40
    view = replace(ITEMS, parts=(Part(bad, bad, 1.0, 1.0, bad),), others=0)
    drawn = [
        parts_figure(view, 1.0),
        shared_items_figure(SimilarUser(bad, 1, 1, 1, (SharedItem(bad, bad, 1.0, 1, 1),))),
        tastes_figure((Taste(bad, 1, 1.0, 1.0, 1.0),), bad),
        traits_figure((Trait(bad, bad, 10, 1.0, 1.0, 1.0),)),
    ]
    for n, figure in enumerate(drawn):
        shown = [str(figure.layout.title.text), *(figure.layout.yaxis.ticktext or ())]
        shown += [note.text for note in figure.layout.annotations]
        for bar in figure.data:  # the first of a bar's facts is an id, which no template shows
            shown += [bar.hovertemplate, *(fact for facts in bar.customdata for fact in facts[n < 2 :])]
        assert bad[:5] in "".join(shown).replace("&lt;", "<")
        assert "<img" not in "".join(shown)
        assert "%{y}" not in "".join(shown)
        assert n > 1 or "customdata[0]" not in figure.data[0].hovertemplate
        assert all(len(note.text) < 80 for note in figure.layout.annotations)
    assert not parts_figure(replace(ITEMS, parts=(), others=0), 1.0).data[0].x
    assert not tastes_figure((), "T").data[0].x


def test_the_bar_of_the_rest_is_cut_where_it_would_dwarf_the_parts() -> None:
    small = replace(
        ITEMS, parts=(Part("a", "A", 0.02, 0.02), Part("b", "B", 0.01, 0.01)), others=500, others_value=0.97
    )
    bars = parts_figure(small, 1.0).data[0]
    cut = [(x, text) for x, text, data in zip(bars.x, bars.text, bars.customdata, strict=True) if not data[0]]
    assert cut == [(pytest.approx(6.0), "97.0 %, bar cut")]
    assert "97.0 % of the score" in str(bars.customdata)
