"""compare, audience, explain, similar-users: keys, figures that two roads agree on, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.interactions import build
from core.store import Store
from tests.prepared import copied

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def workspace(sample_workspace: Path, tmp_path: Path) -> Path:
    return copied(sample_workspace, tmp_path)


@pytest.fixture
def run(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command as the shell calls it: exit code and the JSON it printed."""

    def call(command: str, *words: str) -> tuple[int, dict[str, Any]]:
        code = main([command, "--workspace", str(workspace), "--json", *words])
        return code, json.loads(capsys.readouterr().out)

    return call


METRICS = {"ndcg", "recall", "precision", "f1", "map", "mrr", "hit_rate"}


@pytest.mark.slow
@pytest.mark.parametrize("split", ["leave-last-out", "time", "random"])
def test_compare(run: Run, split: str) -> None:
    code, found = run("compare", "--models", "item-knn,ease", "--split", split, "--k", "10", "--seed", "0")
    assert code == 0
    assert [m["model"] for m in found["models"]] == ["popular", "item-knn", "ease"]
    wanted = METRICS | {"model", "coverage", "novelty", "seconds_fit", "seconds_score", "users"}
    for model in found["models"]:
        assert wanted <= set(model)
        assert all(0 <= model[name] <= 1 for name in (*METRICS, "coverage"))
        assert model["intervals"]["ndcg"][0] <= model["ndcg"] <= model["intervals"]["ndcg"][1]
        assert model["users"] > 1000
    assert len({m["users"] for m in found["models"]}) == 1
    assert found["models"][2]["ndcg"] > found["models"][0]["ndcg"]
    assert found["split"] == split
    assert isinstance(found["users_skipped"], int)
    assert isinstance(found["verdict"], str)
    if split != "time":  # one right item each: these are the same by definition
        assert found["models"][1]["recall"] == pytest.approx(found["models"][1]["hit_rate"])
        assert found["models"][1]["precision"] == pytest.approx(found["models"][1]["hit_rate"] / 10)


def test_compare_stores_nothing(run: Run, workspace: Path) -> None:
    run("compare", "--models", "popular")
    with Store(workspace) as store:
        from core.evaluate import list_runs
        from core.recommend import list_models

        assert list_runs(store) == []
        assert list_models(store) == []


@pytest.mark.slow
@pytest.mark.parametrize("model", ["popular", "user-knn", "item-knn", "ease", "ials", "puresvd"])
def test_explain_adds_up(run: Run, model: str) -> None:
    code, found = run("explain", "--model", model, "--user", "000123")
    assert code == 0
    assert {"user", "item", "score", "base", "views", "why"} <= set(found)
    assert found["user"] == "000123"
    assert "000123" not in found["why"]
    for name in ("items", "users"):
        view = found["views"][name]
        assert all({"id", "label", "value"} <= set(part) for part in view["parts"])
        if view["exact"]:
            total = found["base"] + sum(part["value"] for part in view["parts"])
            assert total == pytest.approx(found["score"], rel=1e-6)
    if model != "popular":
        assert found["views"]["items"]["exact"]
    assert found["views"]["users"]["exact"]


def test_explain_one_item_with_few_parts(run: Run) -> None:
    code, found = run("explain", "--model", "item-knn", "--user", "000123", "--item", "LL-0002", "--most", "2")
    assert code == 0
    view = found["views"]["items"]
    assert len(view["parts"]) <= 2
    shown = sum(part["value"] for part in view["parts"])
    assert found["base"] + shown + view["others_value"] == pytest.approx(found["score"], rel=1e-6)


def test_similar_users_against_numpy(run: Run, workspace: Path) -> None:
    code, found = run("similar-users", "--user", "000123", "--k", "5")
    assert code == 0
    assert len(found["users"]) == 5
    with Store(workspace) as store:
        x = build(store)
    dense = np.log2(1 + x.matrix.toarray().astype(np.float64))
    me = x.users.row("000123")
    cosine = dense @ dense[me] / (np.linalg.norm(dense, axis=1) * np.linalg.norm(dense[me]))
    shared = ((dense > 0) & (dense[me] > 0)).sum(axis=1)
    shrunken = cosine * shared / (shared + 10)
    shrunken[me] = -1
    best = np.argsort(-shrunken)[:5]
    assert [u["similarity"] for u in found["users"]] == pytest.approx(shrunken[best].tolist())
    for user, row in zip(found["users"], best, strict=True):
        assert user["user"] == x.users.raw(int(row))
        assert user["shared"] == shared[row]
        assert sum(i["share"] for i in user["items"]) + user["others_share"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("compare", "--models", "magic"), "unknown_model"),
        (("compare", "--models", ""), "unknown_model"),
        (("compare", "--models", "ials", "--param", "ials.factors=many"), "bad_parameter"),
        (("compare", "--models", "ials", "--param", "ease.ridge=3"), "unknown_model"),
        (("compare", "--models", "ials", "--param", "ials.colour=3"), "unknown_parameter"),
        (("compare", "--k", "0"), "bad_comparison"),
        (("compare", "--weights", "view=-1"), "bad_matrix"),
        (("compare", "--weights", "view"), "bad_matrix"),
        (("compare", "--weights", "veiw=0"), "unknown_event"),
        (("compare", "--until", "yesterday"), "bad_time"),
        (("audience", "--size", "1"), "bad_audience"),
        (("explain", "--model", "popular", "--user", "nobody"), "unknown_user"),
        (("explain", "--model", "popular", "--user", "000123", "--item", "nothing"), "unknown_item"),
        (("similar-users", "--user", "' OR 1=1"), "unknown_user"),
        (("similar-users", "--user", "000123", "--k", "0"), "bad_k"),
    ],
)
def test_what_cannot_be_done_is_refused(run: Run, words: tuple[str, ...], code: str) -> None:
    exit_code, found = run(*words)
    assert exit_code == 2
    assert found["error"]["code"] == code
    assert found["error"]["message"]


@pytest.mark.slow
def test_audience(run: Run) -> None:
    code, found = run("audience", "--models", "item-knn", "--size", "300")
    assert code == 0
    assert {"item-knn", "heavy-buyers", "recent-category-buyers", "chance"} == {w["way"] for w in found["ways"]}
    assert found["verdict"]


def test_text_for_people(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--workspace", str(workspace), "--models", "popular,item-knn"]) == 0
    said = capsys.readouterr().out
    assert "users judged" in said
    assert "item-knn" in said
    assert main(["explain", "--workspace", str(workspace), "--model", "item-knn", "--user", "000123"]) == 0
    assert "exact: base and parts add up" in capsys.readouterr().out
    assert main(["similar-users", "--workspace", str(workspace), "--user", "000123"]) == 0
    assert "users most like 000123" in capsys.readouterr().out
