"""Items as vectors of what they say of themselves: the words of their titles, and their attributes, by TF-IDF."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix, diags, hstack

from core.interactions import Array
from core.recommend.values import values_of
from core.recommend.words import Reading, reader

_TITLE = "title"


@dataclass(frozen=True, eq=False)
class Described:
    """Attributes.

    matrix: float32 CSR (n_items, n_features), rows of length 1, or empty where nothing is known; indices sorted.
    names: what links two items by this feature: a word, or "column: value".
    said: whether any item had a title or an attribute at all.
    """

    matrix: csr_matrix
    names: tuple[str, ...]
    said: bool


def described(side: pa.Table | None, n: int, *, read: Reading, attributes: float, least_items: int) -> Described:
    """The vectors of n items.

    Words count 1 + ln(how often) in their title, values 1; each times 1 + ln((1 + n) / (1 + items that have it))
    (Salton and Buckley; as scikit-learn's TfidfVectorizer with sublinear_tf). The title's part and the attributes' part
    are brought to length 1 each, the latter times `attributes`, then the whole. What fewer than `least_items` have is
    left out. Attributes of free text (nearly every item has its own) are read as words of their column.
    """
    titles = side[_TITLE] if side is not None and _TITLE in side.column_names else None
    words, called = _words(titles, n, read)
    coded = values_of(side, n, leave=(_TITLE,))
    blocks, names = [coded.matrix], [f"{column}: {value}" for column, value in coded.names]
    for column in coded.texts:
        assert side is not None
        more, theirs = _words(side[column], n, read)
        blocks.append(more)
        names += [f"{column}: {word}" for word in theirs]
    facts = csr_matrix(hstack(blocks), dtype=np.float32)
    said = bool(words.nnz or facts.nnz)
    words, kept = _weighed(words, least_items)
    facts, also = _weighed(facts, least_items)
    called = [called[k] for k in kept] + ([names[k] for k in also] if attributes else [])
    whole = csr_matrix(hstack([words, facts * attributes] if attributes else [words]), dtype=np.float64)
    found = csr_matrix(_unit(whole), dtype=np.float32)
    found.sort_indices()
    return Described(found, tuple(called), said)


def _words(titles: pa.ChunkedArray | None, n: int, read: Reading) -> tuple[csr_matrix, list[str]]:
    """How often each word stands in each title, and the words, sorted."""
    if titles is None:
        return csr_matrix(np.zeros((n, 0), np.float32)), []
    taken_apart = reader(read)
    number: dict[str, int] = {}
    found: list[int] = []
    lengths = np.zeros(n + 1, dtype=np.int64)
    for row, title in enumerate(titles.to_pylist()):  # items, not events: some ten thousand, 10 microseconds each
        words = taken_apart(title) if title else ()
        found.extend(number.setdefault(word, len(number)) for word in words)
        lengths[row + 1] = len(words)
    known = sorted(number)
    place = np.empty(len(known), dtype=np.int64)
    place[[number[word] for word in known]] = np.arange(len(known))
    columns = place[np.array(found, dtype=np.int64)]
    counts = csr_matrix((np.ones(len(columns), np.float32), columns, np.cumsum(lengths)), shape=(n, len(known)))
    counts.sum_duplicates()
    return counts, known


def _weighed(counts: csr_matrix, least: int) -> tuple[csr_matrix, Array]:
    """TF-IDF with rows of length 1 (float64), and the columns kept."""
    n = counts.shape[0]
    having = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero(having >= least)
    some = csr_matrix(counts[:, kept], dtype=np.float64)
    some.data = 1 + np.log(some.data)
    rarity = 1 + np.log((1 + n) / (1 + having[kept]))
    return _unit(csr_matrix(some @ diags(rarity, shape=(len(kept), len(kept))))), kept


def _unit(x: csr_matrix) -> csr_matrix:
    lengths = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    return csr_matrix(diags(1 / np.where(lengths > 0, lengths, 1.0)) @ x)
