"""The RFM grid as a figure: one cell a pair of scores, clickable, with its exact numbers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.figures.segments import rfm_grid
from core.segments import CELLS, Grid, RfmResult, rfm
from tests.prepared import new_store
from tests.segments.test_rfm import END, ten_buyers
from tests.segments.world import prepare, put


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RfmResult:
    with new_store(tmp_path_factory.mktemp("figure") / "w.duckdb") as store:
        prepare(store)
        put(store, ten_buyers())
        return rfm(store, END)


def cells(figure: object) -> dict[str, tuple[float, float, str, float]]:
    """Cell -> x, middle of y, label, colour value."""
    return {
        facts[0]: (x, base + height / 2, text, colour)
        for bar in figure.data  # type: ignore[attr-defined]
        for facts, x, base, height, text, colour in zip(
            bar.customdata, bar.x, bar.base, bar.y, bar.text, bar.marker.color, strict=True
        )
    }


def test_every_cell_stands_where_its_scores_say(result: RfmResult) -> None:
    found = cells(rfm_grid(result))
    assert sorted(found) == sorted(CELLS)
    for cell, (x, y, _, _) in found.items():
        assert (str(x), round(y, 9)) == (cell[1], int(cell[0]))


def test_labels_and_colours_follow_the_buyers(result: RfmResult) -> None:
    found = cells(rfm_grid(result))
    assert found["51"][2] == "New customers<br><b>2</b> · 20.0%"
    assert found["55"][2] == "Champions<br><b>0</b> · 0.0%"
    assert found["51"][3] > found["55"][3] == 0


def test_titles_axes_and_hover(result: RfmResult) -> None:
    figure = rfm_grid(result)
    assert "how recently and how often" in figure.layout.title.text
    assert figure.layout.xaxis.title.text == "Frequency score: 5 = most orders"
    assert figure.layout.yaxis.title.text == "Recency score: 5 = bought most recently"
    facts = next(f for bar in figure.data for f in bar.customdata if f[0] == "15")
    assert list(facts) == ["15", "Can't lose them", "1", "5", "2", "20.0%", "41", "5", "50"]
    for n in range(1, 9):
        assert f"%{{customdata[{n}]}}" in figure.data[0].hovertemplate


def test_the_chosen_segment_is_framed(result: RfmResult) -> None:
    def framed(chosen: str | None) -> set[str]:
        figure = rfm_grid(result, chosen=chosen)
        return {f[0] for bar in figure.data for f, w in zip(bar.customdata, bar.marker.line.width, strict=True) if w}

    assert framed(None) == set()
    assert framed("Champions") == {"54", "55"}
    assert framed("33") == {"33"}


def test_hostile_names_and_nobody(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        prepare(store)
        put(store, ten_buyers())
        found = rfm(store, END, Grid(("<script>%{x}",) * 25))
        labels = " ".join(text for _, _, text, _ in cells(rfm_grid(found)).values())
        assert "<script>" not in labels
        assert "%{x}" not in labels
    empty = RfmResult(datetime(2024, 1, 1), 0, 0, 0, found.grid)
    assert all(not bar.x for bar in rfm_grid(empty).data)
