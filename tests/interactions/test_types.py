"""Id maps go both ways, the matrix travels to a worker and back, and the question has a JSON form."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refusal
from core.interactions import IdMap, Interactions, MatrixSpec, as_bytes, from_bytes


@given(st.sets(st.integers(0, 2**31 - 1), max_size=40))
def test_numbers_to_rows_and_back(numbers: set[int]) -> None:
    ordered = np.array(sorted(numbers), dtype=np.int32)
    ids = IdMap(ordered, pa.array([f"id {n}" for n in ordered], pa.string()))
    assert ids.rows(ordered).tolist() == list(range(len(ordered)))
    for row, number in enumerate(ordered):
        assert ids.row(ids.raw(row)) == row
        assert ids.raw(row) == f"id {number}"
    strangers = [n for n in range(50) if n not in numbers]
    assert set(ids.rows(strangers).tolist()) <= {-1}


def test_an_unknown_id_is_refused_in_words() -> None:
    x = Interactions.of([[1, 0], [0, 2]])
    with pytest.raises(Refusal) as refused:
        x.users.row("'; DROP TABLE events")
    assert refused.value.code == "unknown_user"
    with pytest.raises(Refusal) as refused:
        x.items.row("7")
    assert refused.value.code == "unknown_item"


def test_there_and_back_without_raw_ids() -> None:
    x = Interactions.of([[1, 0, 3], [0, 0, 0], [0, 2, 0]])
    timed = Interactions(x.matrix, x.users, x.items, datetime(2025, 3, 1), 7, np.array([5, 6, 7]))
    arrays = timed.to_arrays()
    assert all(a.dtype != object for a in arrays.values())
    back = Interactions.from_arrays(arrays)
    assert np.array_equal(back.matrix.toarray(), x.matrix.toarray())
    assert back.shape == (3, 3)
    assert (back.until, back.version) == (datetime(2025, 3, 1), 7)
    assert back.first_seen is not None
    assert back.first_seen.tolist() == [5, 6, 7]
    with pytest.raises(ValueError, match="no raw ids"):
        back.users.raw(0)


def test_bytes() -> None:
    assert from_bytes(as_bytes({"a": [1, None, "ü"]})) == {"a": [1, None, "ü"]}


SPECS = st.builds(
    MatrixSpec,
    weights=st.dictionaries(st.sampled_from(["view", "purchase", "own word"]), st.floats(0, 100)).map(
        lambda d: tuple(d.items())
    ),
    half_life=st.none() | st.floats(0.5, 1000),
    window=st.none() | st.floats(0.5, 1000),
    until=st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),
    least_user_items=st.integers(1, 20),
    least_item_users=st.integers(1, 20),
)


@given(SPECS)
def test_the_question_has_a_json_form(spec: MatrixSpec) -> None:
    assert MatrixSpec.from_json(json.loads(json.dumps(spec.as_json()))) == spec


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": (("view", 1.0), ("view", 2.0))},
        {"weights": (("view", -1.0),)},
        {"weights": (("view", float("nan")),)},
        {"half_life": 0.0},
        {"window": -3.0},
        {"least_user_items": 0},
        {"least_item_users": 10**9},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(Refusal) as refused:
        MatrixSpec(**wrong)
    assert refused.value.code == "bad_matrix"
