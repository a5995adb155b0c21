"""The command newcomers: the numbers of the check, as JSON and as a table."""

from __future__ import annotations

import json

import pytest

from core.__main__ import main
from core.evaluate import newcomers
from core.store import Store
from tests.evaluate.test_newcomers import ASKED
from tests.evaluate.test_newcomers import store as store  # noqa: PLC0414  # the fixture

WORDS = ("--models", "nmf", "--most-users", "40", "--hide", "0.2")


def test_json_and_table(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    found = newcomers(store, ASKED)
    path = str(store.path)
    store.close()
    assert main(["newcomers", "--workspace", path, *WORDS, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["events"], one["model"], one["road"]) for one in told["users"]] == [
        (one.events, one.label, one.road) for one in found.users
    ]
    first, last = told["users"][0], told["users"][-1]
    assert first["ahead"] is None
    assert found.users[-1].ndcg is not None
    assert last["ndcg"] == found.users[-1].ndcg.value
    assert last["intervals"]["ndcg"] == [found.users[-1].ndcg.low, found.users[-1].ndcg.high]
    assert [one["auc"] for one in told["items"]] == [one.auc.value for one in found.items]
    assert told["verdict"] == found.verdict
    assert main(["newcomers", "--workspace", path, *WORDS]) == 0
    text = capsys.readouterr().out
    assert found.verdict in text
    assert f"{found.users[-1].ndcg.value:.4f}" in text
    assert "users who do most" in text


def test_a_share_out_of_range_is_refused(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(store.path)
    store.close()
    assert main(["newcomers", "--workspace", path, "--hide", "0.9", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "bad_newcomers"
