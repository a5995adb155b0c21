"""What lists share; over-listed items worked out beside the page; the board's table, file and command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.behaviour import count_people
from core.errors import Refusal
from core.evaluate import (
    METRICS,
    OverlistedSpec,
    board_rows,
    comparison_to_json,
    leaderboard,
    overlisted,
    overlisted_users,
    prepare_overlisted,
    read_overlisted,
    save_run,
    shared_lists,
    write_board,
    write_overlisted,
)
from core.evaluate.overlisted_task import overlisted_task
from core.figures import overlisted_figure, standings_figure
from core.recommend import load_model
from core.store import Query, Store
from tests.behaviour.world import build
from tests.evaluate.test_compare import taste_events
from tests.figures.evaluations import comparison
from tests.pages.explain_shop import model_of


@pytest.fixture
def shop(tmp_path: Path) -> Store:
    return build(
        tmp_path / "w.duckdb",
        taste_events(taken=4),
        categories={f"i{n:02}": "even" if n % 2 == 0 else "odd" for n in range(12)},
    )


def test_what_lists_share_by_hand() -> None:
    found = shared_lists([["a", "b", "c"], ["b", "a", "d"], [], ["a", "x", "y"]])
    assert [(p.a, p.b, p.common) for p in found.pairs] == [(0, 1, 2), (0, 3, 1), (1, 3, 1)]
    first = found.pairs[0]
    assert first.jaccard == pytest.approx(2 / 4)
    assert first.ranks == pytest.approx((0 / 1 + 2 / 2 + 2 / 3) / 3)
    assert found.holders["a"] == (0, 1, 3)
    assert found.in_all == (), "one list is empty"
    assert shared_lists([["a", "b"], ["b", "a"]]).in_all == ("a", "b")


def test_the_worker_finds_what_is_found_here(shop: Store, tmp_path: Path) -> None:
    """The lists of the worker against `overlisted`, and the users behind an item against the lists themselves."""
    model_id = model_of(shop, tmp_path)
    told = json.loads(json.dumps(overlisted_task({}, prepare_overlisted(shop, OverlistedSpec(model_id, 3)), tmp_path)))
    model = load_model(shop, model_id)
    found = read_overlisted(shop, told)
    assert found == overlisted(shop, model, 3)
    assert found.items
    lists = model.recommend(np.arange(model.x.shape[0]), 3).items
    top = found.items[0].name
    holding = (lists == model.x.items.row(top)).any(axis=1)
    got = shop.read(overlisted_users(shop, told, "item", top))["user_no"].to_pylist()
    assert sorted(got) == model.x.users.numbers[holding].tolist()
    even = [n for n in range(model.x.shape[1]) if int(model.x.items.raw(n)[1:]) % 2 == 0]
    some = np.isin(lists, even).any(axis=1).sum()
    assert count_people(shop, overlisted_users(shop, told, "category", "even")) == some
    figure = overlisted_figure(found, "item", "Goes together")
    assert figure.data[-1].customdata[-1][0] == top, "the largest gap stands on top"
    write_overlisted(found, tmp_path / "over.csv")
    rows = list(csv.DictReader((tmp_path / "over.csv").read_text("utf-8").splitlines()))
    assert float(rows[0]["share_of_list_places"]) == pytest.approx(found.items[0].listed)
    assert len(rows) == len(found.items) + len(found.categories)


def test_of_many_users_some_are_drawn(shop: Store, tmp_path: Path) -> None:
    model_id = model_of(shop, tmp_path, "popular")
    arrays = prepare_overlisted(shop, OverlistedSpec(model_id, 3, most_users=7))
    told = overlisted_task({}, arrays, tmp_path)
    assert told["users_known"] == 40
    assert read_overlisted(shop, told).users == 7
    assert told == overlisted_task({}, arrays, tmp_path), "the same seed draws the same users"
    with pytest.raises(Refusal, match="Lists of 0 items"):
        OverlistedSpec(model_id, 0)
    with shop.atomic() as writer:
        writer.run(Query("UPDATE events SET quantity = quantity WHERE false"))
    with pytest.raises(Refusal) as stale:
        prepare_overlisted(shop, OverlistedSpec(model_id))
    assert stale.value.code == "stale_model"


def test_board_as_rows_file_figure_and_command(shop: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with shop.atomic(data=False) as writer:
        run_id = save_run(writer, "compare", comparison_to_json(comparison()), version=shop.version)
    (board,) = leaderboard(shop)
    (again,) = leaderboard(shop, "hit_rate")
    assert board.key == again.key
    rows = board_rows(board)
    assert [(row["place"], row["model"], row["ndcg"]) for row in rows] == [
        (1, "item-knn", 0.12),
        (2, "user-knn", 0.11),
        (3, "popular", 0.05),
    ]
    assert all(row[f"{metric}_low"] < row[metric] < row[f"{metric}_high"] for row in rows for metric in METRICS)
    figure = standings_figure(board)
    points = [trace.customdata[0][0] for trace in figure.data]
    assert points == [2, 1, 0], "the best on top"
    write_board(board, tmp_path / "board.csv")
    told = list(csv.DictReader((tmp_path / "board.csv").read_text("utf-8").splitlines()))
    assert [row["run_id"] for row in told] == [run_id] * 3
    shop.close()
    assert main(["leaderboard", "--workspace", str(shop.path), "--metric", "mrr", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [row["model"] for row in answer["boards"][0]["standings"]] == ["item-knn", "user-knn", "popular"]
    assert main(["leaderboard", "--workspace", str(shop.path)]) == 0
    text = capsys.readouterr().out
    assert "Goes together" in text
    assert "0.1200" in text
