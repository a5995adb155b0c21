"""What must not change a model's figures: its neighbours in the comparison, the yardstick's settings, odd labels."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from core.evaluate import (
    CompareSpec,
    Comparison,
    compare,
    get_run,
    prepare_compare,
    publish_compare,
    yardstick_of,
)
from core.evaluate.task import compare_task
from core.evaluate.verdict import full_name
from core.interactions import Array
from core.recommend import NAMES, needs, spec
from core.recommend.parts import write_parts
from core.store import Store
from tests.behaviour.world import build
from tests.evaluate.test_compare import taste_events


@pytest.fixture(scope="module")
def tastes(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return build(tmp_path_factory.mktemp("tastes") / "tastes.duckdb", taste_events(taken=5))


def test_a_model_is_judged_the_same_whatever_stands_beside_it() -> None:
    """Stack hides each user's last item to learn its weights: it needs times, though none of its parts does."""
    assert needs(spec("stack")) == {"times"}


@pytest.mark.parametrize("name", NAMES)
def test_figures_do_not_hang_on_the_neighbours(name: str, long_tastes: Store) -> None:
    alone, beside = (
        next(m for m in compare(long_tastes, CompareSpec(models, k=3)).models if m.spec.model == name)
        for models in ((spec(name),), (spec("attention"), spec(name)) if name != "attention" else (spec(name),))
    )
    assert {m: v.value for m, v in alone.metrics.items()} == {m: v.value for m, v in beside.metrics.items()}
    assert alone.problem == beside.problem


@pytest.fixture(scope="module")
def long_tastes(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return build(tmp_path_factory.mktemp("long") / "long.duckdb", taste_events(users=60, items=24, taken=9))


def test_the_yardstick_is_popularity_as_it_is_usually(tastes: Store) -> None:
    """Popularity with settings of one's own is a model like any other: it neither replaces nor is the yardstick."""
    faded, quick = spec("popular", {"half_life": 3}), spec("item-knn")
    assert CompareSpec((faded, quick)).models == (spec("popular"), faded, quick)
    assert CompareSpec((quick, spec("popular"))).models == (quick, spec("popular"))
    found = compare(tastes, CompareSpec((faded, quick), k=3))
    plain = yardstick_of(found.models)
    assert plain is not None
    assert plain.spec == spec("popular")
    means = {m.spec: m.metrics["ndcg"].value for m in found.models}
    assert means[spec("popular")] != means[faded], "else this test shows nothing"
    assert means[quick] > 2 * means[spec("popular")]
    assert f"{means[quick] / means[spec('popular')]:.1f} times " in found.verdict.text
    assert "Most popular." in found.verdict.text
    assert "Most popular (fades after (days) 3)" in full_name(faded, [m.spec for m in found.models])
    assert yardstick_of([m for m in found.models if m.spec != spec("popular")]) is not None, "of an old run"
    assert yardstick_of([m for m in found.models if m.spec == quick]) is None


def test_settings_that_cannot_be_file_names_are_compared_and_stored(tastes: Store, tmp_path: Path) -> None:
    """A label may be longer than a file name, and hold slashes."""
    blends = [[(spec("item-knn"), weight), (spec("ease"), 1.0)] for weight in (0.5, 2.0)]
    long = [spec("blend", {"parts": write_parts(parts)}) for parts in blends]
    asked = CompareSpec((spec("popular", {"half_life": 2}), *long), k=3)
    told = compare_task(asked.as_json(), prepare_compare(tastes, asked), tmp_path)
    assert max(len(model["label"]) for model in told["models"]) > 200

    class Outcome:
        result = told
        arrays: ClassVar[dict[str, Array]] = {path.stem: np.load(path) for path in tmp_path.glob("*.npy")}

    with tastes.atomic(data=False) as writer:
        run = publish_compare(writer, Outcome())["run_id"]
    answer = get_run(tastes, run).answer
    assert isinstance(answer, Comparison)
    assert [m.problem for m in answer.models] == [None] * 4
