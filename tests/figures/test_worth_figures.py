"""The grid of any size, the Pareto curve and the pauses between orders, drawn with their exact numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.figures.segments import rfm_grid
from core.figures.worth import pareto_figure, pauses_figure
from core.segments import Abc, RfmSettings, abc, loyalty, rfm
from core.store import Store
from tests.prepared import new_store
from tests.segments.test_abc import spent
from tests.segments.test_loyalty import BY_HAND, PEOPLE
from tests.segments.test_loyalty import END as JULY
from tests.segments.test_rfm import END, ten_buyers
from tests.segments.world import prepare, put


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    with new_store(tmp_path / "w.duckdb") as store:
        prepare(store)
        yield store


@pytest.mark.parametrize("size", [3, 4])
def test_a_smaller_grid_with_frequency_and_money(store: Store, size: int) -> None:
    put(store, ten_buyers())
    found = rfm(store, END, settings=RfmSettings(size, monetary="with_frequency"))
    figure = rfm_grid(found)
    cells = {f[0]: (x, base) for bar in figure.data for f, x, base in zip(bar.customdata, bar.x, bar.base, strict=True)}
    assert sorted(cells) == list(found.grid.all_cells())
    assert all(str(x) == cell[1] and round(base + 0.5) == int(cell[0]) for cell, (x, base) in cells.items())
    assert figure.layout.xaxis.title.text == f"Frequency and money score: {size} = most orders and money"
    assert list(figure.layout.yaxis.tickvals) == list(range(1, size + 1))
    assert "FM%{customdata[3]}" in figure.data[0].hovertemplate


def test_pareto(store: Store) -> None:
    put(store, spent(ann=80, ben=10, cat=5, dan=5, eve=0, fay=-3))
    figure = pareto_figure(abc(store, Abc(("A",))))
    assert list(figure.data[0].x) == pytest.approx([0, 100 / 6, 200 / 6, 400 / 6, 100])
    assert list(figure.data[0].y) == pytest.approx([0, 80, 90, 100, 100])
    bands = [(s.x0, s.x1) for s in figure.layout.shapes]
    assert [end for band in bands for end in band] == pytest.approx([0, 100 / 6, 100 / 6, 400 / 6, 400 / 6, 100])
    assert [a.text for a in figure.layout.annotations] == ["A", "B", "C"]


def test_pauses(store: Store) -> None:
    put(store, PEOPLE)
    found = loyalty(store, BY_HAND, JULY)
    figure = pauses_figure(found)
    ended, going_on = figure.data
    assert (sum(ended.y), sum(going_on.y)) == (found.ended, found.buyers)
    assert [s.x0 for s in figure.layout.shapes] == [30.5, 60.5]
    assert [a.text for a in figure.layout.annotations] == ["slipping after 30 days", "lost after 60 days"]
