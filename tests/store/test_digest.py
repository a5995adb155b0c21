"""The content digest: the same for the same content, another for any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.store import Query, Store
from core.store.digest import content_digest
from tests.ingest.loading import load_text, mapping, undo_batch, workspace

HOW = mapping(event="purchase", user="u", item="i", time="t", value="v", context="note")
TEXT = "u,i,t,v,note\n1,a,2024-01-01,5,x\n2,b,2024-01-02,6,\n"


def digest_of(folder: Path, *texts: str) -> str:
    folder.mkdir()
    with workspace(folder) as store:
        for k, text in enumerate(texts):
            load_text(store, text, HOW, f"{k}.csv")
        return content_digest(store)


def test_order_of_rows_and_loads_does_not_matter(tmp_path: Path) -> None:
    header, one, two, _ = TEXT.split("\n")
    whole = digest_of(tmp_path / "a", TEXT)
    assert len(whole) == 64
    assert digest_of(tmp_path / "b", f"{header}\n{two}\n{one}\n") == whole
    assert digest_of(tmp_path / "c", f"{header}\n{two}\n", f"{header}\n{one}\n") == whole


@pytest.mark.parametrize(
    "changed",
    [
        TEXT + "2,b,2024-01-02,6,\n",
        TEXT.replace("2,b,2024-01-02,6,", ""),
        TEXT.replace("5,x", "5.0001,x"),
        TEXT.replace("1,a", "a,1"),
        TEXT.replace("5,x", "5,y"),
        TEXT.replace("2024-01-02", "2024-01-03"),
        TEXT.replace("2,b", ",b"),
        TEXT.replace("x\n2,b,2024-01-02,6,", "\n2,b,2024-01-02,6,x"),
    ],
)
def test_any_other_content_has_another_digest(tmp_path: Path, changed: str) -> None:
    assert digest_of(tmp_path / "b", changed) != digest_of(tmp_path / "a", TEXT)


def test_the_digest_follows_the_workspace(tmp_path: Path) -> None:
    with workspace(tmp_path) as store:
        empty = content_digest(store)
        load_text(store, TEXT, HOW)
        loaded = content_digest(store)
        load_text(store, "u,city\n1,Rome\n", mapping("users", user="u", attribute="city"), "users.csv")
        described = content_digest(store)
        assert len({empty, loaded, described}) == 3
        undo_batch(store, 2)
        assert content_digest(store) == loaded
        undo_batch(store, 1)
        assert content_digest(store) == empty


def test_the_digest_is_worked_out_once_a_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(tmp_path) as store:
        load_text(store, TEXT, HOW)
        first = content_digest(store)

        def fail(self: Store, query: Query, **_: object) -> None:
            raise AssertionError(query)

        monkeypatch.setattr(Store, "rows", fail)
        assert content_digest(store) == first


def test_two_cells_cannot_pass_for_one(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        how = mapping(event="view", user="u", context="a", context__2="b")
        with workspace(folder) as store:
            load_text(store, text, how)
            return content_digest(store)

    assert digest("u,a,b\n1,xb=1:y,\n") != digest("u,a,b\n1,x,y\n")
