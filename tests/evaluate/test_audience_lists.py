"""Categories of real films, several each: MovieLens, counted by pandas alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from core.evaluate import AudienceSpec, audience
from core.recommend import spec
from core.store import Store
from tests.prepared import new_store

pytestmark = pytest.mark.slow

SIZE = 50


def put(store: Store, ratings: pd.DataFrame, movies: pd.DataFrame) -> None:
    """Fill an empty workspace: numbers are the files' own."""
    at = pd.to_datetime(ratings["timestamp"], unit="s").astype("datetime64[us]")
    events = pa.table(
        {
            "user_no": pa.array(ratings["userId"], pa.int32()),
            "item_no": pa.array(ratings["movieId"], pa.int32()),
            "event": pa.array(["rating"] * len(ratings)),
            "at_utc": pa.array(at),
            "rating": pa.array(ratings["rating"]),
        }
    )
    genres = pa.table({"no": pa.array(movies["movieId"], pa.int32()), "genres": pa.array(movies["genres"].tolist())})
    with store.atomic() as writer, writer.table("incoming", events), writer.table("films", genres):
        writer.run(
            "INSERT INTO batches VALUES "
            "(1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2020-01-01', NULL, 'append', 0, 0)"
        )
        writer.run("ALTER TABLE items ADD COLUMN genres VARCHAR[]")
        writer.run("INSERT INTO columns VALUES ('items', 'genres', 'category')")
        writer.run("INSERT INTO users SELECT DISTINCT user_no, user_no::VARCHAR FROM incoming")
        writer.run("INSERT INTO items SELECT no, no::VARCHAR, genres FROM films")
        writer.run("INSERT INTO events BY NAME SELECT *, 1 AS batch_no FROM incoming")


def test_genres_by_pandas(movielens: Path, tmp_path: Path) -> None:
    ratings = pd.read_csv(movielens / "ratings.csv")
    movies = pd.read_csv(movielens / "movies.csv")
    movies["genres"] = movies["genres"].str.split("|")
    with new_store(tmp_path / "ml.duckdb") as store:
        put(store, ratings, movies)
        asked = AudienceSpec((spec("popular"),), size=SIZE, of="category", column="genres")
        found = audience(store, asked)
    at = pd.to_datetime(ratings["timestamp"], unit="s")
    cut = pd.Timestamp(found.facts["cut"])
    before, after = ratings[at < cut], ratings[at >= cut]
    users = set(before["userId"])
    assert found.facts["users"] == len(users)
    each = movies[["movieId", "genres"]].explode("genres")
    took = after[after["userId"].isin(users)].merge(each).groupby("genres")["userId"].agg(set)
    enough = 10 if (took.str.len() >= 10).any() else 5
    expected = {genre: len(who) for genre, who in took.items() if len(who) >= enough}
    assert {t.id: t.takers for t in found.targets} == expected
    assert len(expected) > 5
    last = before.assign(at=at).merge(each).groupby(["genres", "userId"])["at"].max()
    recent = next(w for w in found.ways if w.way == "recent-category-buyers")
    for score in recent.each:
        genre = found.targets[score.target].id
        by_user = last[genre].sort_values(ascending=False)
        assert len(by_user) > SIZE
        least = by_user.iloc[SIZE - 1]
        low = len(took[genre] & set(by_user.index[by_user > least]))
        assert low <= score.taken <= low + len(took[genre] & set(by_user.index[by_user == least]))
