"""The models of `implicit`, tuned as ours are: the same search, ranges and trials, on the same part of the data."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.evaluate import metrics
from core.recommend.base import valued

K = 10
_NDCG = 0
_VALUES = ("once", "log", "sum")

Chosen = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """One model of implicit.

    Attributes:
        start: the library's own defaults, tried first.
        choose: asks an optuna trial for settings, within the ranges that ours have.
        make: the model of such settings, not yet fitted.
    """

    start: Chosen
    choose: Callable[[Any], Chosen]
    make: Callable[[Chosen], Any]


def _als(chosen: Chosen) -> Any:
    from implicit.cpu.als import AlternatingLeastSquares

    return AlternatingLeastSquares(
        factors=chosen["factors"],
        regularization=chosen["ridge"],
        alpha=chosen["alpha"],
        iterations=15,
        random_state=0,
        num_threads=2,
    )


def _bpr(chosen: Chosen) -> Any:
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    return BayesianPersonalizedRanking(
        factors=chosen["factors"],
        learning_rate=chosen["rate"],
        regularization=chosen["ridge"],
        iterations=100,
        random_state=0,
        num_threads=1,  # with two it does not repeat
    )


def _knn(name: str) -> Callable[[Chosen], Any]:
    def make(chosen: Chosen) -> Any:
        from implicit import nearest_neighbours

        more = {key: chosen[key] for key in ("K1", "B") if key in chosen}
        return getattr(nearest_neighbours, name)(K=chosen["neighbours"], num_threads=2, **more)

    return make


def _neighbours(trial: Any) -> dict[str, Any]:
    return {
        "neighbours": trial.suggest_int("neighbours", 10, 500, log=True),
        "values": trial.suggest_categorical("values", _VALUES),
    }


_KNN_START = {"neighbours": 20, "values": "sum"}

PEERS: Mapping[str, Peer] = {
    "implicit ALS": Peer(
        {"factors": 100, "ridge": 0.01, "alpha": 1.0, "values": "sum"},
        lambda trial: {
            "factors": trial.suggest_int("factors", 8, 256, log=True),
            "ridge": trial.suggest_float("ridge", 0.01, 1000.0, log=True),
            "alpha": trial.suggest_float("alpha", 0.1, 50.0, log=True),
            "values": trial.suggest_categorical("values", _VALUES),
        },
        _als,
    ),
    "implicit BPR": Peer(  # it looks at presence alone, so that how repeated behaviour counts plays no part
        {"factors": 100, "rate": 0.01, "ridge": 0.01},
        lambda trial: {
            "factors": trial.suggest_int("factors", 8, 256, log=True),
            "rate": trial.suggest_float("rate", 0.003, 0.1, log=True),
            "ridge": trial.suggest_float("ridge", 0.0, 0.1),
        },
        _bpr,
    ),
    "implicit item-kNN, cosine": Peer(_KNN_START, _neighbours, _knn("CosineRecommender")),
    "implicit item-kNN, TF-IDF": Peer(_KNN_START, _neighbours, _knn("TFIDFRecommender")),
    "implicit item-kNN, BM25": Peer(
        {**_KNN_START, "K1": 1.2, "B": 0.75},
        lambda trial: {
            **_neighbours(trial),
            "K1": trial.suggest_float("K1", 0.1, 5.0, log=True),
            "B": trial.suggest_float("B", 0.0, 1.0),
        },
        _knn("BM25Recommender"),
    ),
}


def tuned(peer: Peer, trials: int, x: csr_matrix, users: np.ndarray, relevant: csr_matrix) -> dict[str, Any]:
    """{settings, choose, start, seconds}: the best of so many trials by NDCG@10, the library's defaults the first."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    begin = time.perf_counter()

    def value(trial: Any) -> float:
        return float(judged(peer, peer.choose(trial), x, users, relevant)[:, _NDCG].mean())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(seed=0, multivariate=True, group=True, n_startup_trials=10)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.enqueue_trial(dict(peer.start))
        study.optimize(value, n_trials=trials)
    return {
        "settings": dict(study.best_params),
        "choose": float(study.best_value),
        "start": float(study.trials[0].value or 0.0),
        "seconds": time.perf_counter() - begin,
        "trials": len(study.trials),
        "failed": sum(one.value is None for one in study.trials),
    }


def judged(peer: Peer, chosen: Chosen, x: csr_matrix, users: np.ndarray, relevant: csr_matrix) -> np.ndarray:
    """float64 (users, len(METRICS)): what the model fitted on `x` does for each of these rows."""
    matrix = valued(x, chosen["values"]) if "values" in chosen else x
    model = peer.make(chosen)
    model.fit(matrix, show_progress=False)
    items, scores = model.recommend(users, matrix[users], N=K, filter_already_liked_items=True)
    # where it knows too few it fills up with scores of 0 and below any number, and items already taken
    listed = np.where(np.isfinite(scores) & (scores > -1e30), items, -1)
    return metrics.per_user(_once(listed), relevant)


def _once(listed: np.ndarray) -> np.ndarray:
    """Each item in its first place only; -1 in the others."""
    order = np.argsort(listed, axis=1, kind="stable")
    sorted_ = np.take_along_axis(listed, order, axis=1)
    again = np.zeros(listed.shape, dtype=bool)
    np.put_along_axis(again, order[:, 1:], sorted_[:, 1:] == sorted_[:, :-1], axis=1)
    return np.where(again, -1, listed)
