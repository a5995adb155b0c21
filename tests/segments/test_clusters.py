"""Clusters of users: planted ones found, the same by scikit-learn alone, kept, and new users put into them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from core.errors import Refusal
from core.interactions import Array, as_bytes
from core.segments.groups import get_group
from core.segments.likeness import clusters_choose as choose
from core.segments.likeness import clusters_fit as fit
from core.segments.likeness.clusters import clusters, prepare_clusters, read_clusters
from core.segments.likeness.clusters_codec import clustering_from_json, clustering_to_json
from core.segments.likeness.clusters_kept import assign_new, clustering_of, keep_clusters, rename_part
from core.segments.likeness.task import cluster_task, clustered
from core.segments.likeness.taste import taste
from core.segments.likeness.types import ClusterSpec
from core.store import Query, Store
from tests.prepared import copied, new_store

SIZES = (150, 90, 60)


def blobs(seed: int = 1, apart: float = 6.0) -> tuple[Array, Array]:
    """300 users in three round groups in 5 dimensions, shuffled; and the group of each."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(3), SIZES))
    centres = np.eye(3, 5) * apart
    return (centres[truth] + rng.normal(size=(len(truth), 5))).astype(np.float32), truth


def arrays(values: Array) -> dict[str, Array]:
    """As prepare_clusters makes them for features."""
    names = [f"f{n}" for n in range(values.shape[1])]
    told = {"names": names, "labels": names, "units": [""] * len(names), "coarse": [], "left_out": 0, "until": None,
            "notes": []}  # fmt: skip
    nos = np.arange(len(values), dtype=np.int32)
    return {"values": values, "users": nos, "raw": values.astype(float), "dims": as_bytes({}), "told": as_bytes(told)}


@pytest.mark.parametrize("method", ["kmeans", "mixture", "hdbscan"])
def test_planted_groups_are_found_numbered_by_size(method: str) -> None:
    values, truth = blobs()
    spec = ClusterSpec(method=method, on="features", tried=(2, 5))  # type: ignore[arg-type]
    result, out = clustered(spec, arrays(values))
    assert [c["number"] for c in result["clusters"]] == [0, 1, 2]
    inside = out["part"] >= 0
    assert adjusted_rand_score(truth[inside], out["part"][inside]) > 0.97
    assert inside.mean() > (0.7 if method == "hdbscan" else 0.99)
    sizes = [c["users"] for c in result["clusters"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == result["users"] == inside.sum()
    assert result["users"] + result["noise"] == len(values)
    assert len({c["name"] for c in result["clusters"]}) == 3
    assert result["clusters"][0]["traits"][0]["feature"] == "f0"  # the largest lies far along the first axis
    if method != "hdbscan":
        assert result["spec"]["k"] == 3
        assert [t["k"] for t in result["tried"]] == [2, 3, 4, 5]


def test_noise_is_in_no_cluster() -> None:
    values, _ = blobs(apart=12.0)
    far = np.random.default_rng(5).uniform(-60, 60, size=(30, 5)).astype(np.float32)
    result, out = clustered(ClusterSpec(method="hdbscan", on="features"), arrays(np.vstack([values, far])))
    assert len(result["clusters"]) == 3
    assert (out["part"][-30:] == -1).mean() > 0.8
    assert (out["part"][:-30] >= 0).mean() > 0.7
    assert result["noise"] == (out["part"] == -1).sum()


def test_the_same_as_scikit_learn_alone() -> None:
    values, _ = blobs(seed=3, apart=2.0)
    result, out = clustered(ClusterSpec(k=4, on="features", tried=(4, 4)), arrays(values))
    alone = KMeans(4, n_init=10, random_state=0).fit(values)
    assert adjusted_rand_score(alone.labels_, out["part"]) == 1.0
    three = KMeans(4, n_init=3, random_state=0).fit(values.astype(float))
    assert result["tried"][0]["silhouette"] == pytest.approx(silhouette_score(values, three.labels_), abs=1e-6)
    inertia = ((values - three.cluster_centers_[three.labels_]) ** 2).sum()
    n, d = values.shape  # BIC from the density itself, user by user
    variance = inertia / (d * (n - 4))
    share = np.bincount(three.labels_)[three.labels_] / n
    square = ((values - three.cluster_centers_[three.labels_]) ** 2).sum(axis=1)
    density = np.log(share) - d / 2 * np.log(2 * np.pi * variance) - square / (2 * variance)
    assert result["tried"][0]["bic"] == pytest.approx(-2 * density.sum() + (3 + 4 * d + 1) * np.log(n), rel=1e-6)


def test_traits_are_means_inside_and_outside() -> None:
    values, _ = blobs()
    result, out = clustered(ClusterSpec(k=3, on="features", tried=(3, 3)), arrays(values))
    for cluster in result["clusters"]:
        mine = out["part"] == cluster["number"]
        for trait in cluster["traits"]:
            column = values[:, int(trait["feature"][1:])].astype(float)
            assert trait["inside"] == pytest.approx(column[mine].mean(), abs=1e-5)
            assert trait["outside"] == pytest.approx(column[~mine].mean(), abs=1e-5)
            apart = (column[mine].mean() - column[~mine].mean()) / column.std()
            assert trait["difference"] == pytest.approx(apart, abs=1e-4)


def test_one_crowd_is_said_to_be_one() -> None:
    values = np.random.default_rng(0).normal(size=(400, 12)).astype(np.float32)
    result, _ = clustered(ClusterSpec(k=5, on="features", tried=(5, 5)), arrays(values))
    assert [note for note in result["notes"] if "not clearly apart" in note]
    values, _ = blobs()
    result, _ = clustered(ClusterSpec(k=3, on="features", tried=(3, 3)), arrays(values))
    assert not [note for note in result["notes"] if "not clearly apart" in note]


def test_repeatable_and_the_number_chosen_has_its_reason(tmp_path: Path) -> None:
    values, _ = blobs()
    spec = ClusterSpec(on="features", tried=(2, 4))
    first = cluster_task(spec.as_json(), arrays(values), tmp_path)
    again, out = clustered(spec, arrays(values))
    assert {**first, "seconds": 0} == {**again, "seconds": 0}
    assert np.array_equal(np.load(tmp_path / "part.npy"), out["part"])
    assert first["suggested"].startswith("3 clusters:")
    assert "silhouette" in first["suggested"]
    assert choose.suggested(())[0] == 2


@pytest.mark.parametrize("method", ["kmeans", "mixture", "hdbscan"])
def test_a_kept_model_puts_the_same_users_where_they_were(method: str) -> None:
    values, _ = blobs(apart=3.0)
    made = fit.make(values, method, 3, 25, 0)
    parts, score = fit.assign(made, values)
    order = np.random.default_rng(2).permutation(len(values))
    moved, moved_score = fit.assign(made, values[order])
    assert np.array_equal(parts[order], moved)
    assert np.allclose(score[order], moved_score)
    assert (score >= 0).all()
    assert (score <= 1).all()
    count = fit.parts_of(made)
    turned = np.arange(count)[::-1]
    renamed, _ = fit.assign(fit.renumbered(made, turned), values)
    assert np.array_equal(np.where(parts < 0, -1, count - 1 - parts), renamed)


def test_refusals() -> None:
    values, _ = blobs()
    for spec, some in ((ClusterSpec(k=50), values[:30]), (ClusterSpec(), values[:5]), (ClusterSpec(k=3), values[:1].repeat(40, 0))):  # fmt: skip  # noqa: E501
        with pytest.raises(Refusal) as refused:
            clustered(spec, arrays(some))
        assert refused.value.code == "too_few_users"
    for bad in ({"method": "dbscan"}, {"k": 1}, {"tried": [9, 2]}, {"colour": 1}, {"min_events": 0}, {"as_of": "soon"}):
        with pytest.raises(Refusal) as refused:
            ClusterSpec.from_json(bad)
        assert refused.value.code == "bad_clusters"


def test_a_spec_survives_json() -> None:
    spec = ClusterSpec("mixture", 4, "features", ("orders_all",), 7, None, (3, 5), pd.Timestamp("2026-01-02"), 9)
    assert ClusterSpec.from_json(spec.as_json()) == spec


def shop(path: Path, shuffled: int | None = None) -> Store:
    """60 users of three tastes: of 30 items of three kinds each takes 10 of one; items have no category."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{u:02}", f"i{kind * 10 + i:02}") for u in range(60) for kind in [u % 3] for i in rng.permutation(10)[:8]
    ]
    frame = pd.DataFrame(rows, columns=["user", "item"])
    users, items = sorted(set(frame["user"])), sorted(set(frame["item"]))
    if shuffled is not None:
        turn = np.random.default_rng(shuffled)
        users, items = [users[n] for n in turn.permutation(60)], [items[n] for n in turn.permutation(30)]
        frame = frame.sample(frac=1, random_state=shuffled)
    store = new_store(path)
    with store.atomic() as writer, writer.table("r", pa.Table.from_pandas(frame, preserve_index=False)):
        writer.run(
            "INSERT INTO batches VALUES "
            "(1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2026-06-01', NULL, 'append', 0, 0)"
        )
        for no, user in enumerate(users):
            writer.run(Query("INSERT INTO users VALUES (?, ?)", (no + 1, user)))
        for no, item in enumerate(items):
            writer.run(Query("INSERT INTO items VALUES (?, ?)", (no + 1, item)))
        writer.run(
            "INSERT INTO events BY NAME SELECT user_no, item_no, 'purchase' AS event, 1 AS batch_no, "
            "TIMESTAMP '2026-01-01' AS at_utc, (1::BIGINT << 40) + row_number() OVER () AS event_no "
            'FROM r JOIN users ON user_id = r."user" JOIN items ON item_id = r.item'
        )
    return store


SMALL = ClusterSpec(k=3, min_events=5, tried=(3, 3))


def test_items_alone_tell_tastes_whatever_the_order_of_loading(tmp_path: Path) -> None:
    with shop(tmp_path / "a.duckdb") as one, shop(tmp_path / "b.duckdb", shuffled=4) as other:
        answer, members, _ = clusters(one, SMALL)
        again, turned, _ = clusters(other, SMALL)
        assert taste(one).way == "items"
    parts = dict(zip(members["user_id"].to_pylist(), members["part"].to_pylist(), strict=True))
    assert adjusted_rand_score([int(u[1:]) % 3 for u in parts], list(parts.values())) == 1.0
    assert members.column("user_id").equals(turned.column("user_id"))
    assert members["part"].equals(turned["part"])
    assert [c.name for c in answer.clusters] == [c.name for c in again.clusters]
    said = [trait for c in answer.clusters for trait in c.traits]
    assert all(t.feature.startswith("i") and t.unit == "took" for t in said)  # items, never a component
    assert set(answer.map_ids) == set(parts)
    assert not answer.left_out


def test_kept_renamed_and_new_users_assigned(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb") as store:
        answer, members, model = clusters(store, SMALL)
        with store.atomic(data=False) as writer:
            keep_clusters(writer, "Tastes", answer, members, model)
        assert assign_new(store, "tastes") == 0  # the same users fall where they were
        rename_part(store, "Tastes", 1, "Second ones")
        kept = clustering_of(get_group(store, "Tastes"))
        assert kept.clusters[1].name == "Second ones"
        assert kept.map_ids == ()
        assert kept.users == 60
        assert kept.spec == answer.spec
        assert kept.tried == answer.tried
        for number, name in ((7, "x"), (0, "second ones"), (0, " x")):
            with pytest.raises(Refusal):
                rename_part(store, "Tastes", number, name)
        with store.atomic() as writer:
            writer.run("INSERT INTO users VALUES (900, 'new'), (901, 'little known')")
            writer.run("INSERT INTO items VALUES (900, 'never seen')")
            writer.run(
                "INSERT INTO events BY NAME SELECT 900 AS user_no, item_no, 'purchase' AS event, 1 AS batch_no, "
                "TIMESTAMP '2026-01-02' AS at_utc, 1 AS event_no FROM items WHERE item_id < 'i08' OR item_no = 900"
            )
        assert assign_new(store, "Tastes") == 1
        rows = store.rows(Query("SELECT user_id, part FROM grouping_members WHERE name = 'Tastes'"))
        parts = {str(row["user_id"]): row["part"] for row in rows}
        assert len(rows) == 61
        assert parts["new"] == parts["u00"]
        assert "little known" not in parts
        assert get_group(store, "Tastes").version == store.version


def test_json_of_an_answer_round_trips() -> None:
    values, _ = blobs()
    result, _ = clustered(ClusterSpec(k=3, on="features", tried=(3, 3)), arrays(values))
    told = {key: value for key, value in result.items() if key != "map_users"}
    answer = clustering_from_json({**told, "map_ids": []})
    assert clustering_from_json(clustering_to_json(answer)) == answer


def test_the_samples_communities_are_found(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    """Settings as they are, but for fewer numbers tried: the number is found too."""
    truth = pd.read_csv(sample / "truth_users.csv", dtype={"user_id": str}).set_index("user_id")["community"]
    with Store(copied(sample_workspace, tmp_path)) as store:
        answer, members, _model = clusters(store, ClusterSpec(tried=(7, 9)))
        assert len(answer.clusters) == 8
        assert answer.users + answer.left_out == 8_006
        found = members.to_pandas().set_index("user_id")["part"]
        known = truth.reindex(found.index).dropna()
        assert adjusted_rand_score(known, found[known.index]) >= 0.8
        assert all(c.traits[0].feature in c.name for c in answer.clusters)
        of = taste(store, min_events=10)
        assert of.way == "categories"
        assert sorted(found.index) == list(found.index) == of.user_ids.to_pylist()
        mine = (found == 0).to_numpy()  # what is said of the largest, from the events themselves
        said = answer.clusters[0].traits[0]
        column = of.labels.index(said.feature)
        shares = csr_matrix(of.shown)[:, [column]].toarray()[:, 0]
        assert said.inside == pytest.approx(shares[mine].mean(), abs=1e-5)
        assert said.outside == pytest.approx(shares[~mine].mean(), abs=1e-5)


def test_features_by_the_worker_road(sample_workspace: Path, tmp_path: Path) -> None:
    spec = ClusterSpec(on="features", k=3, tried=(3, 3), columns=("orders_all", "revenue_all", "days_since_event"))
    with Store(copied(sample_workspace, tmp_path)) as store:
        given = prepare_clusters(store, spec)
        result = cluster_task(spec.as_json(), given, tmp_path)
        out = {path.stem: np.load(path) for path in tmp_path.glob("*.npy")}
        answer, members, model = read_clusters(store, result, out)
        assert members.num_rows == answer.users
        assert answer.features == spec.columns
        assert sorted(members["user_id"].to_pylist()) == members["user_id"].to_pylist()
        assert np.abs(given["values"]).max() <= 3
        with store.atomic(data=False) as writer:
            keep_clusters(writer, "By deeds", answer, members, model)
        assert assign_new(store, "By deeds") == 0
        with pytest.raises(Refusal) as refused:
            prepare_clusters(store, ClusterSpec(on="features", columns=("attr_gender",)))
        assert refused.value.code == "not_a_number"


def test_questions_that_cannot_be_answered(tmp_path: Path) -> None:
    codes = (
        (ClusterSpec(on="features", min_events=5, columns=("no_such",)), "no_such_feature"),
        (ClusterSpec(columns=("orders_all",)), "bad_clusters"),
        (ClusterSpec(min_events=100_000), "no_taste"),
        (ClusterSpec(on="features", min_events=100_000), "too_few_users"),
        (ClusterSpec(min_events=5, k=40, tried=(2, 2)), None),
    )
    with shop(tmp_path / "a.duckdb") as store:
        for spec, code in codes:
            if code is None:
                assert len(clusters(store, spec)[0].clusters) == 40
                continue
            with pytest.raises(Refusal) as refused:
                clusters(store, spec)
            assert refused.value.code == code
    with new_store(tmp_path / "empty.duckdb") as store, pytest.raises(Refusal) as refused:
        clusters(store, ClusterSpec())
    assert refused.value.code == "no_interactions"
