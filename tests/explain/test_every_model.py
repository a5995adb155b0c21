"""Every model on the sample, fitted once for all that is asked: its reasons add up, and name no other customer."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from core.explain import reasons, recommended, why
from core.interactions import Array, MatrixSpec, build
from core.recommend import NAMES, Recommender, make, needs, spec, wide
from core.store import Query, Store


@pytest.fixture(scope="module", params=NAMES)
def model(sample_store: Store, request: pytest.FixtureRequest) -> Recommender:
    params: dict[str, Any] = {"ials": {"epochs": 3, "factors": 16}}.get(request.param, {})
    asked = spec(request.param, params)
    x = build(sample_store, MatrixSpec(least_user_items=5), needs=needs(asked), wide=wide(asked))
    return make(asked).fit(x)


def test_every_model_on_the_sample(sample_store: Store, model: Recommender) -> None:
    user = "014548"
    lines = recommended(sample_store, model, user, 5)
    assert [r.rank for r in lines] == [1, 2, 3, 4, 5]
    top = why(sample_store, model, user, None)
    assert (top.item, top.label, top.sentence) == (lines[0].item, lines[0].label, lines[0].sentence)
    assert top.score == lines[0].score
    assert not top.seen
    for view in (top.items, top.users):
        if view.exact:
            assert top.base + sum(p.value for p in view.parts) == pytest.approx(top.score, rel=1e-6)
            assert sum(p.share or 0 for p in view.parts) == pytest.approx(1, rel=1e-6)
        assert [abs(p.value) for p in view.parts] == sorted((abs(p.value) for p in view.parts), reverse=True)
    for line in lines:
        assert line.sentence.startswith("Suggested because "), line.sentence
        assert line.sentence.endswith(".")
        assert not re.search(r"\b0\d{5}\b", line.sentence), "no user's id in a sentence"
        spoken = re.search(r"([\d,]+) similar users", line.sentence)
        assert spoken is None or int(spoken[1].replace(",", "")) >= 10
    short = recommended(sample_store, model, user, 5, among=[lines[3].item, lines[1].item, "GIFTWRAP"])
    assert [r.item for r in short][:2] == [lines[1].item, lines[3].item]


def test_no_sentence_names_a_customer(sample_store: Store, model: Recommender) -> None:
    rows = np.arange(0, model.x.shape[0], 200)
    users, items = lists(model, rows)
    told = reasons(sample_store, model, users, items)
    assert len([words for words in told if words]) == int((items >= 0).sum()) > 20
    ids = {str(row["user_id"]) for row in sample_store.rows(Query("SELECT user_id FROM users"))}
    mails = {str(row["value"]) for row in sample_store.rows(Query("SELECT value FROM contact_facts"))}
    assert len(mails) > 1000
    for words in told:
        assert not ids & set(re.findall(r"\w+", words))
        assert not mails & set(words.split())
        found = re.search(r"([\d,]+) similar users", words)
        assert found is None or int(found[1].replace(",", "")) >= 10
    first = int(np.flatnonzero(items >= 0)[0])
    assert told[first] == recommended(sample_store, model, model.x.users.raw(int(rows[first])), 1)[0].sentence


def lists(model: Recommender, rows: Array) -> tuple[Array, Array]:
    """user_no and item_no of these rows and the first of their lists."""
    best = model.recommend(rows, 1).items[:, 0]
    return model.x.users.numbers[rows], np.where(best < 0, -1, model.x.items.numbers[best])
