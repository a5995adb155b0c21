"""Figures of segments compared and watched: what is drawn is what was found, and each mark names its users."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.figures import (
    PROFILE_MEASURES,
    lift_figure,
    movement_figure,
    movement_table_figure,
    overlap_figure,
    profile_figure,
    sizes_compared_figure,
    sizes_figure,
    upset_figure,
)
from core.segments import (
    NOT_SEEN,
    ByGroup,
    Intersection,
    ItemLift,
    Movement,
    Overlap,
    Pair,
    Profile,
    Profiles,
    SizePoint,
)
from core.segments.watch import Band

HOSTILE = "<b>%{x}"
OVERLAP = Overlap(
    None, ("a", HOSTILE), (30, 20), 100,
    (Intersection((), 60), Intersection(("a",), 20), Intersection((HOSTILE,), 10), Intersection(("a", HOSTILE), 10)),
    (Pair("a", HOSTILE, 10, 1 / 3, 0.25, 10 * 100 / 600), Pair(HOSTILE, "a", 10, 0.5, 0.25, 10 * 100 / 600)),
)  # fmt: skip
START, END = datetime(2024, 1, 1), datetime(2024, 3, 1)
MOVED = Movement(
    ByGroup("g"), ByGroup("g"), START, END, ("x", HOSTILE),
    (Band(NOT_SEEN, "x", 5), Band("x", "x", 30), Band("x", HOSTILE, 10), Band(None, None, 2)),
)  # fmt: skip


def profile(name: str, users: int, items: tuple[ItemLift, ...] = ()) -> Profile:
    return Profile(name, "words", users, 0.5, 3, 2, 4, 2.0, None, None, None, None, 7.0, 7.0, 0.5, None, items)


LAMP = ItemLift("i1", "Lamp", 9, 0.3, 0.1, 3.0, 2.0, 4.5)
ODD = ItemLift("i2", HOSTILE, 8, 0.2, 0.1, 2.0, 1.5, 2.7)
PROFILES = Profiles(END, profile("everyone", 100), (profile(HOSTILE, 50, (LAMP, ODD)),))


def test_upset_draws_each_intersection_with_its_dots() -> None:
    made = upset_figure(OVERLAP)
    bars, sizes = [trace for trace in made.data if trace.type == "bar"]
    assert list(bars.y) == [20, 10, 10]
    assert [facts[0] for facts in bars.customdata] == ["a", HOSTILE, f"a\n{HOSTILE}"]
    assert list(sizes.x) == [30, 20]
    dark = made.data[-2]
    assert set(zip(dark.x, dark.y, strict=True)) == {(0, 0), (1, 1), (2, 0), (2, 1)}
    assert "60 of 100 users are in none" in made.layout.title.text


def test_upset_sums_what_it_does_not_draw() -> None:
    many = tuple(Intersection((f"s{n}",), 100 - n) for n in range(25))
    names = tuple(f"s{n}" for n in range(25))
    made = upset_figure(Overlap(None, names, tuple(100 - n for n in range(25)), 2200, many, ()))
    assert len(made.data[0].y) == 20
    assert "390 users are in 5 smaller intersections" in made.layout.title.text


def test_matrix_has_the_share_of_the_row() -> None:
    (cells,) = overlap_figure(OVERLAP).data
    assert [list(row) for row in cells.z] == [[None, 1 / 3], [0.5, None]]
    assert "10 users in both: 50.0 % of the first" in cells.customdata[1][0][3]
    assert "lift 1.67" in cells.customdata[0][1][3]


def test_bands_name_their_members_and_parts_keep_their_colour() -> None:
    (sankey,) = movement_figure(MOVED).data
    assert list(sankey.link.value) == [5, 30, 10, 2]
    assert [tuple(facts[:2]) for facts in sankey.link.customdata] == [(b.was, b.now) for b in MOVED.bands]
    assert sankey.link.customdata[2][2] == "from x to &lt;b&gt;%&#123;x}: 10 users, 25.0 % of x"
    colours = dict(zip(sankey.node.label, sankey.node.color, strict=True))
    assert colours["x 40"] == colours["x 35"]
    assert len(movement_figure(MOVED, hide_still=True).data[0].link.value) == 2


def test_bands_stand_in_the_order_of_the_parts_and_each_has_its_label() -> None:
    made = movement_figure(MOVED)
    node = made.data[0].node
    assert list(node.y[:3]) == sorted(node.y[:3])
    assert list(node.y[3:]) == sorted(node.y[3:])
    assert all(0 < y < 1 for y in node.y)
    labels = [note.text for note in made.layout.annotations]
    assert labels[:2] == [f"{NOT_SEEN} <b>5</b>", "x <b>40</b>"]
    assert [note.y for note in made.layout.annotations] == [1 - y for y in node.y]
    assert not any(HOSTILE in label for label in labels)


def test_dates_are_the_last_days_seen() -> None:
    assert "From 31 Dec 2023 to 29 Feb 2024" in movement_figure(MOVED).layout.title.text


def test_the_table_of_movement_has_every_cell_to_click() -> None:
    made = movement_table_figure(MOVED, chosen=("x", HOSTILE))
    assert [list(row.marker.color) for row in made.data] == [[1, 0, 0], [0.75, 0.25, 0], [0, 0, 1]]
    assert [list(row.text) for row in made.data] == [["5", "", ""], ["30", "10", ""], ["", "", "2"]]
    assert [list(facts[:2]) for facts in made.data[1].customdata] == [["x", "x"], ["x", HOSTILE], ["x", None]]
    assert [list(row.marker.line.width) for row in made.data] == [[0, 0, 0], [0, 4, 0], [0, 0, 0]]


@pytest.mark.parametrize("measure", list(PROFILE_MEASURES))
def test_profiles_side_by_side(measure: str) -> None:
    made = profile_figure(PROFILES, measure)  # type: ignore[arg-type]
    assert list(made.data[0].x) == [getattr(PROFILES.everyone, measure), getattr(PROFILES.segments[0], measure)]
    assert [facts[0] for facts in made.data[0].customdata] == ["everyone", HOSTILE]
    assert PROFILE_MEASURES[measure][0] in made.layout.title.text  # type: ignore[index]


def test_lift_has_its_interval_on_a_log_axis() -> None:
    made = lift_figure(PROFILES, HOSTILE)
    (dots,) = made.data
    assert (list(dots.x), list(dots.error_x.array)) == ([2.0, 3.0], [pytest.approx(0.7), 1.5])
    assert (made.layout.xaxis.type, made.layout.shapes[0].x0) == ("log", 1)
    assert "3.00 times as likely (95 % interval 2.00 to 4.50)" in dots.customdata[1][2]


def test_size_over_time_and_its_share() -> None:
    points = (SizePoint(START, 3, 4, 2), SizePoint(END, 5, 0, 0))
    assert list(sizes_figure(points, "s").data[0].y) == [3, 5]
    assert list(sizes_figure(points, "s", share=True).data[0].y) == [0.5, None]
    assert "the same users at every moment" in sizes_figure(points, "s", constant=True).layout.title.text


def test_sizes_of_several_are_told_apart() -> None:
    points = (SizePoint(START, 3, 4, 2), SizePoint(END, 5, 0, 0))
    names = ["s", HOSTILE, *(f"s{n}" for n in range(7))]
    made = sizes_compared_figure(dict.fromkeys(names, points))
    assert [list(line.y) for line in made.data] == [[3, 5]] * 9
    assert len({(line.line.color, line.line.dash) for line in made.data}) == 9
    assert HOSTILE not in made.data[1].name + made.data[1].hovertemplate
    assert list(sizes_compared_figure({"s": points}, share=True).data[0].y) == [0.5, None]


def test_names_are_never_markup_and_nothing_is_nothing() -> None:
    figures = (upset_figure(OVERLAP), overlap_figure(OVERLAP), lift_figure(PROFILES, HOSTILE), movement_figure(MOVED))
    for made in figures:
        shown = [
            made.layout.title.text,
            *(made.layout.yaxis.ticktext or ()),
            *(made.layout.yaxis3.ticktext or () if "yaxis3" in made.layout else ()),
        ]
        assert not any(HOSTILE in str(text) for text in shown)
    nothing = Overlap(None, ("a",), (0,), 0, (), ())
    assert list(upset_figure(nothing).data[0].y) == []
    assert movement_figure(Movement(ByGroup("g"), ByGroup("g"), START, END, ("x",), ())).data[0].link.value == ()
