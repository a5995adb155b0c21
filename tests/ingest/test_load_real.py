"""Real files, against figures counted by pandas or published with the data (shared/data/README.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from core.ingest import LoadReport, describe, open_source, propose
from core.store import Query, Store
from tests.ingest.loading import load_sources
from tests.prepared import new_store


def load_as_proposed(folder: Path, *files: tuple[Path, str]) -> tuple[Store, list[LoadReport]]:
    store = new_store(folder / "w.duckdb", reads=[path for path, _ in files])
    reports = []
    for path, kind in files:
        source = open_source(path, spool=store.spool)
        reports.append(load_sources(store, [source], propose(store, source, kind).mapping))  # type: ignore[arg-type]
    return store, reports


def test_online_retail(online_retail: Path, tmp_path: Path) -> None:
    store, [report] = load_as_proposed(tmp_path, (online_retail, "events"))
    assert (report.rows_read, report.rows_loaded, report.rows_rejected, report.rows_duplicate) == (
        541_909,
        541_909,
        0,
        0,
    )
    assert (report.users, report.items, report.rows_anonymous, report.rows_repeated) == (4_372, 4_070, 135_080, 5_268)
    assert report.events == {"purchase": 531_285, "return": 10_624}
    found = describe(store)
    assert found["net_revenue"] == Decimal("9747747.934")
    assert (found["first"], found["last"]) == (datetime(2010, 12, 1, 8, 26), datetime(2011, 12, 9, 12, 50))
    frame = pd.read_csv(online_retail, dtype=str, keep_default_na=False)
    titles = (
        frame[frame.Description.str.strip() != ""].groupby(["StockCode", "Description"]).size().reset_index(name="n")
    )
    titles["Description"] = titles.Description.str.strip()
    titles = titles.groupby(["StockCode", "Description"])["n"].sum().reset_index(name="n")
    best = titles.sort_values(["n", "Description"], ascending=[False, True]).groupby("StockCode").Description.first()
    rows = store.rows(Query("SELECT item_id, title FROM items WHERE title IS NOT NULL"))
    assert {str(r["item_id"]): str(r["title"]) for r in rows} == best.to_dict()
    per_user = store.rows(
        Query("SELECT user_id, sum(value)::DOUBLE AS v FROM events JOIN users USING (user_no) GROUP BY 1")
    )
    value = frame.Quantity.astype(float) * frame.UnitPrice.astype(float)
    expected = value.groupby(frame.CustomerID).sum().drop("")
    assert {str(r["user_id"]): r["v"] for r in per_user} == pytest.approx(expected.to_dict(), abs=1e-6)
    store.close()


def test_online_retail_without_repeats_and_by_invoice(online_retail: Path, tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb", reads=[online_retail]) as store:
        source = open_source(online_retail, spool=store.spool)
        how = replace(propose(store, source, "events").mapping, repeats="drop", returns="pattern:^C")
        report = load_sources(store, [source], how)
    assert (report.rows_loaded, report.rows_duplicate, report.rows_repeated) == (536_641, 5_268, 0)
    frame = pd.read_csv(online_retail, dtype=str, keep_default_na=False).drop_duplicates()
    assert report.events["return"] == int(frame.InvoiceNo.str.startswith("C").sum())


def test_movielens(movielens: Path, tmp_path: Path) -> None:
    ratings, movies = movielens / "ratings.csv", movielens / "movies.csv"
    store, [rated, described] = load_as_proposed(tmp_path, (ratings, "events"), (movies, "items"))
    assert (rated.rows_read, rated.rows_loaded, rated.users, rated.items) == (100_836, 100_836, 610, 9_724)
    assert rated.events == {"rating": 100_836}
    assert (described.rows_read, described.rows_loaded, described.items) == (9_742, 9_742, 9_742)
    frame = pd.read_csv(ratings)
    sums = store.rows(
        Query("SELECT sum(rating) AS r, min(at_utc) AS a, max(at_utc) AS b, count(DISTINCT at_utc) AS n FROM events")
    )
    assert sums == [
        {
            "r": frame.rating.sum(),
            "a": datetime(1996, 3, 29, 18, 36, 55),
            "b": datetime(2018, 9, 24, 14, 27, 30),
            "n": frame.timestamp.nunique(),
        }
    ]
    table = pd.read_csv(movies, dtype=str)
    rows = store.rows(Query("SELECT item_id, title, category FROM items"))
    assert {r["item_id"]: r["title"] for r in rows} == dict(zip(table.movieId, table.title.str.strip(), strict=True))
    genres = {i: g.split("|") for i, g in zip(table.movieId, table.genres, strict=True)}
    assert {r["item_id"]: r["category"] for r in rows} == genres
    store.close()


def test_cdnow(cdnow: Path, tmp_path: Path) -> None:
    store, [report] = load_as_proposed(tmp_path, (cdnow, "events"))
    assert (report.rows_read, report.rows_loaded, report.users) == (6_919, 6_919, 2_357)
    frame = pd.read_csv(cdnow, sep=r"\s+", header=None, dtype=str)
    found = store.rows(
        Query("SELECT sum(value) AS v, sum(quantity) AS q, min(at_utc) AS a, max(at_utc) AS b FROM events")
    )[0]
    assert found["v"] == sum(Decimal(x) for x in frame[4])
    assert found["q"] == frame[3].astype(int).sum()
    assert (found["a"], found["b"]) == (datetime(1997, 1, 1), datetime(1998, 6, 30))
    store.close()
