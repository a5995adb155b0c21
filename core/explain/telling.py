"""An explanation put into the one sentence: the same for one user on a page and for many in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.explain.past import Past
from core.explain.sentence import Reasons, sentence
from core.explain.words import deed
from core.interactions import Array, IdMap
from core.recommend import Explanation, Recommender, View

_NAMED = 3  # the most items that a sentence names
_ITSELF = "this very item"


@dataclass(frozen=True)
class Labels:
    """What is asked of the workspace once for all that is explained about one user."""

    past: Mapping[int, Past]
    titles: Mapping[int, str]
    used: tuple[str, ...] | None = field(default=None)

    def title(self, items: IdMap, column: int) -> str:
        """What people call the item of a column."""
        return self.titles.get(int(items.numbers[column]), items.raw(column))


@dataclass(frozen=True)
class Gist:
    """What a sentence needs of an explanation, without its long arrays: thousands are held at a time.

    Attributes:
        item: column of the item that is explained.
        named: (column, value) of the parts that the sentence may name, largest first.
        seen: the user has the item in the matrix.
        others: as the attributes of `Reasons` of these names (`kind` too).
    """

    item: int
    named: tuple[tuple[int, float], ...]
    known: bool
    history: bool
    seen: bool
    everyone: int | None
    n: int
    of: float
    whole: bool
    against: bool
    exact: bool
    speakers: int
    kind: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[int, ...]:
        """Columns of all items that the sentence may speak of."""
        return (self.item, *(column for column, _ in self.named))


def gist(model: Recommender, told: Explanation) -> Gist:
    """The gist of an explanation of this model."""
    x, values = model.x, told.items.values
    best = _best(told.items)
    impersonal = model.scores_everyone and not len(told.items.rows) and not told.items.exact
    kind = tuple((column, value) for column, value, _ in _because(model, told.user)) if impersonal else ()
    speak = (told.users.values > 0) & (told.users.rows != told.user)
    if kind:
        speak &= model.of_kind(told.user, told.users.rows)  # type: ignore[attr-defined]  # what has because has this
    return Gist(
        item=told.item,
        named=tuple(zip(told.items.rows[best].tolist(), values[best].tolist(), strict=True)),
        known=bool(np.isfinite(told.score)),
        history=bool(x.matrix.indptr[told.user + 1] > x.matrix.indptr[told.user]),
        seen=has_seen(model, told.user, told.item),
        everyone=len(told.users.rows) if impersonal and not kind else None,
        n=int((values > 0).sum()),
        of=float(values[values > 0].sum()),
        whole=not told.base and not bool((values < 0).any()),
        against=bool((values < 0).any() and values.sum() <= 0),
        exact=told.items.exact,
        speakers=int(speak.sum()),
        kind=kind,
    )


def in_words(model: Recommender, gist: Gist, labels: Labels, rank: int | None = None) -> str:
    """The sentence of a gist; `labels` holds what this user did with the gist's items, and their titles."""
    items = model.x.items

    def deed_with(column: int) -> str | None:
        past = labels.past.get(int(items.numbers[column]))
        return None if past is None else past.strongest(labels.used)

    return sentence(
        Reasons(
            known=gist.known,
            history=gist.history,
            seen=(deed_with(gist.item) or "") if gist.seen else None,
            took=_took(labels.used),
            everyone=gist.everyone,
            items=tuple(
                (deed_with(column), _ITSELF if column == gist.item else labels.title(items, column), value)
                for column, value in gist.named
            ),
            n=gist.n,
            of=gist.of,
            whole=gist.whole,
            against=gist.against,
            exact=gist.exact,
            speakers=gist.speakers,
            rank=rank,
            kind=gist.kind,
        )
    )


def told_in_words(model: Recommender, told: Explanation, labels: Labels, rank: int | None = None) -> str:
    """The sentence of an explanation."""
    return in_words(model, gist(model, told), labels, rank)


def top_items(view: View) -> Array:
    """Columns of the parts that a sentence may name."""
    return view.rows[_best(view)]


def has_seen(model: Recommender, row: int, column: int) -> bool:
    """Whether the user has the item in the matrix."""
    x = model.x.matrix
    return bool(np.isin(column, x.indices[x.indptr[row] : x.indptr[row + 1]]))


def _best(view: View) -> Array:
    """Places of the largest parts above 0, largest first, ties by column."""
    best = np.lexsort((view.rows, -view.values))[:_NAMED]
    return best[view.values[best] > 0]


def _because(model: Recommender, user: int) -> list[tuple[str, str, int]]:
    """What is known of a user that such a model goes by (Demographic, Popular by group); empty for other models."""
    ask = getattr(model, "because", None)
    return [] if ask is None else list(ask(user))


def _took(used: tuple[str, ...] | None) -> str:
    """What all who are in an item's column have in common: with several kinds of event no more than an interest."""
    if not used:
        return "took it"
    return deed(used[0], "it") if len(used) == 1 else "took an interest in it"
