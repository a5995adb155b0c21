"""Users as a network: who is like one user, and like one another. Likeness as in `alike`, shrunken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.explain.alike import SHRINK, similar_users
from core.interactions import Array, Interactions
from core.store import Store

MOST = 100
_ROUNDS = 200
_STILL = 1e-6


@dataclass(frozen=True)
class Person:
    """A user of the network: raw id, user_no, likeness to the user in the middle (1 for that user), place on paper."""

    user: str
    number: int
    similarity: float
    x: float
    y: float


@dataclass(frozen=True)
class Tie:
    """Two users of the network (their places in `people`) and how alike they are: shrunken, with the items shared."""

    a: int
    b: int
    similarity: float
    shared: int


@dataclass(frozen=True)
class Network:
    """One user and those most like them.

    Attributes:
        user: raw id of the user in the middle.
        people: that user first, then the most alike, most alike first.
        ties: every tie to the middle, and of each other user the `closest` strongest; strongest first.
        stress: how far distances on paper are from likeness, 0 (true) to 1 (Kruskal's stress-1).
    """

    user: str
    people: tuple[Person, ...]
    ties: tuple[Tie, ...]
    stress: float


def network(
    store: Store, x: Interactions, user: str, k: int = 30, *, closest: int = 3, shrink: float = SHRINK
) -> Network:
    """The k users most like `user`, and how alike they are among themselves.

    On paper, users stand the nearer the more alike they are: distance 1 - likeness / the largest likeness of any two,
    by metric scaling (SMACOF, de Leeuw 1977) from classical scaling: the same data give the same picture.
    Raises Refusal `unknown_user`, `bad_k`, `nobody_alike`, `bad_shrink`.
    """
    if not 2 <= k <= MOST:
        raise Refusal("bad_k", f"A network of {k:,} users cannot be drawn.", f"Ask for 2 to {MOST}.")
    found = similar_users(store, x, user, k, shrink=shrink)
    if not found:
        raise Refusal(
            "nobody_alike", f"Nobody shares an item with the user {user!r}.", "Choose a user with more behaviour."
        )
    rows = np.array([x.users.row(user), *(x.users.row(one.user) for one in found)], dtype=np.int64)
    similarity, shared = _among(x.matrix[rows], shrink)
    places, stress = _places(similarity)
    people = tuple(
        Person(x.users.raw(int(row)), int(x.users.numbers[row]), float(alike), float(at[0]), float(at[1]))
        for row, alike, at in zip(rows, np.append(1.0, similarity[0, 1:]), places, strict=True)
    )
    return Network(user, people, _ties(similarity, shared, closest), stress)


def _among(rows: csr_matrix, shrink: float) -> tuple[Array, Array]:
    """Shrunken likeness (n, n), float64, 0 along the diagonal; items shared (n, n), int64."""
    once = csr_matrix((np.ones(rows.nnz), rows.indices, rows.indptr), shape=rows.shape)
    logs = csr_matrix((np.log2(1 + rows.data.astype(np.float64)), rows.indices, rows.indptr), shape=rows.shape)
    dots = np.asarray((logs @ logs.T).toarray())
    shared = np.asarray((once @ once.T).toarray()).astype(np.int64)
    lengths = np.sqrt(dots.diagonal())
    cosine = dots / np.maximum(np.outer(lengths, lengths), np.finfo(float).tiny)
    similarity = cosine * shared / np.maximum(shared + shrink, np.finfo(float).tiny)
    np.fill_diagonal(similarity, 0)
    np.fill_diagonal(shared, 0)
    return np.asarray(similarity), shared


def _ties(similarity: Array, shared: Array, closest: int) -> tuple[Tie, ...]:
    n = len(similarity)
    wanted = {(0, other) for other in range(1, n)}
    for one in range(1, n):
        order = np.lexsort((np.arange(n), -similarity[one]))[:closest]
        wanted |= {(min(one, int(other)), max(one, int(other))) for other in order if similarity[one, other] > 0}
    ties = [Tie(a, b, float(similarity[a, b]), int(shared[a, b])) for a, b in wanted if shared[a, b]]
    return tuple(sorted(ties, key=lambda tie: (-tie.similarity, tie.a, tie.b)))


def _places(similarity: Array) -> tuple[Array, float]:
    """float64 (n, 2), the first at the origin, and the stress."""
    top = float(similarity.max())
    wanted = 1 - similarity / top if top > 0 else np.ones_like(similarity)
    np.fill_diagonal(wanted, 0)
    n = len(wanted)
    centred = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-0.5 * centred @ wanted**2 @ centred)
    order = np.argsort(-values)[:2]
    at = np.zeros((n, 2))
    at[:, : len(order)] = vectors[:, order] * np.sqrt(np.maximum(values[order], 0))
    at *= np.where(at[np.abs(at).argmax(axis=0), np.arange(2)] < 0, -1, 1)  # signs are free: fix them
    at += 1e-3 * np.stack([np.cos(np.arange(n)), np.sin(np.arange(n))], axis=1)  # no two at one place
    before = stress = np.inf
    for _ in range(_ROUNDS):
        apart = np.sqrt(((at[:, None] - at[None]) ** 2).sum(axis=2))
        stress = float(np.sqrt(((apart - wanted) ** 2).sum() / max(float((apart**2).sum()), 1e-12)))
        if before - stress < _STILL:
            break
        before = stress
        ratio = np.divide(wanted, apart, out=np.zeros_like(apart), where=apart > 0)
        turn = -ratio
        np.fill_diagonal(turn, ratio.sum(axis=1))
        at = turn @ at / n
    return at - at[0], float(min(before, stress))
