"""What may be filled in a feature table, and what stays empty."""

from __future__ import annotations

import pyarrow as pa

from core.features.missing import fill
from core.features.scan import feature
from core.progress import no_step


def test_names_are_not_filled_with_the_name_of_another() -> None:
    title = feature("title", "attributes", "", "The title.", type="category")
    city = feature("city", "attributes", "", "The city.", type="category")
    titles = pa.array([None, "Lamp", "Lamp", *(f"Chair {n}" for n in range(97))])
    cities = pa.array([None, *(["Rome", "Oslo", "Rome"] * 33)])
    made, _ = fill([(title, titles), (city, cities)], "median", no_step)
    assert {column.name: cells[0].as_py() for column, cells in made} == {
        "title": None,
        "city": "Rome",
        "city_missing": True,
    }
