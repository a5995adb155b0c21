"""What a place of the diversity slider costs, in words, and the file of all places: from a curve written by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from core.evaluate import DiversityCurve, Measured, Notch, notch_words, write_notches
from core.recommend import spec


def curve() -> DiversityCurve:
    """Half way NDCG falls by a quarter, within the intervals; at the end to a tenth, outside them."""

    def notch(place: float, ndcg: float, apart: float) -> Notch:
        return Notch(
            place,
            Measured(ndcg, ndcg - 0.03, ndcg + 0.03),
            Measured(ndcg * 2, 0.0, 1.0),
            Measured(apart, apart, apart),
            0.25 + place / 4,
        )

    notches = (notch(0.0, 0.2, 0.6), notch(0.5, 0.15, 0.7), notch(1.0, 0.02, 0.9))
    return DiversityCurve(spec("item-knn"), 10, 500, notches, 1.0)


def test_the_words_say_what_is_lost_and_what_is_won() -> None:
    assert notch_words(curve(), 0.0).startswith("At 0 the lists are the model's own: NDCG@10 0.200, diversity 0.600")
    half = notch_words(curve(), 0.5)
    assert "accuracy falls by 25 %: NDCG@10 0.150 instead of 0.200" in half
    assert "name 30.0 % of what users went on to take instead of 40.0 % (within what chance could do" in half
    assert "diversity 0.700 instead of 0.600" in half
    assert "37.5 % of all items stand in some list instead of 25.0 %" in half
    assert "chance" not in notch_words(curve(), 1.0)
    with pytest.raises(ValueError, match="no notch"):
        notch_words(curve(), 0.33)


def test_the_file_has_every_place(tmp_path: Path) -> None:
    assert write_notches(curve(), tmp_path / "d.csv") == 3
    with (tmp_path / "d.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["slider"]) for row in rows] == [0.0, 0.5, 1.0]
    assert float(rows[1]["diversity"]) == 0.7
