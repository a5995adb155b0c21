"""What would have to be different: without which past items would this item not be suggested?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.errors import Refusal
from core.explain.past import pasts
from core.explain.tables import item_labels
from core.explain.telling import Labels
from core.explain.words import listed, named
from core.progress import Step, no_step
from core.recommend import Recommender, Spec, without
from core.store import Store


@dataclass(frozen=True)
class Missing:
    """A past item that is taken away, with all that the user did with it: raw id, title, what the user did."""

    item: str
    label: str
    note: str


@dataclass(frozen=True)
class Counterfactual:
    """Without which past items an item would not be in a user's list.

    Attributes:
        user, item: raw ids; `label` what people call the item.
        model: the model that was asked.
        k: how long the list is.
        missing: the past items, those that matter most first; empty: no set of past items takes it out of the list.
        of: past items in the history.
        rank_before, rank_after: the item's place among all that the user has not had to do with, from 1; after: None
            where nothing is left to go by.
        smallest: no smaller set does it; False: the smallest that was found, `tried` shortened histories.
        instead: what would come into the list: (raw id, title).
        sentence: all of it in one or two plain sentences.
    """

    user: str
    item: str
    label: str
    model: Spec
    k: int
    missing: tuple[Missing, ...]
    of: int
    rank_before: int
    rank_after: int | None
    smallest: bool
    tried: int
    instead: tuple[tuple[str, str], ...]
    sentence: str


def counterfactual(
    store: Store, model: Recommender, user: str, item: str | None = None, k: int = 10, *, step: Step = no_step
) -> Counterfactual:
    """The smallest set of past items without which `item` (None = the first of the list) leaves the list of k.

    What is learnt from everybody is held fixed; the shortened history is scored anew by the model, so the answer is
    checked and not estimated. A past item goes with all events of this user with it, and does not come back as a
    suggestion. Raises Refusal `unknown_user`, `unknown_item`, `nothing_to_recommend`, `not_in_list`, `cannot_fold`,
    `bad_k`.
    """
    if not 1 <= k <= 1000:
        raise Refusal("bad_k", f"A list of {k:,} items cannot be looked at.", "Give 1 to 1,000.")
    x = model.x
    row = x.users.row(user)
    column = _first(model, row, user) if item is None else x.items.row(item)
    found = without(model, row, column, k, step=step)
    titles = item_labels(store, x.items.numbers[np.array([column, *found.columns, *found.instead], dtype=np.int64)])
    words = x.facts.get("words")
    past = pasts(store, int(x.users.numbers[row]), x.until)
    labels = Labels(past, titles, None if words is None else tuple(words))
    missing = tuple(
        Missing(
            x.items.raw(one), labels.title(x.items, one), past[no].note() if (no := _no(model, one)) in past else ""
        )
        for one in found.columns
    )
    instead = tuple((x.items.raw(one), labels.title(x.items, one)) for one in found.instead)
    told = Counterfactual(
        user,
        x.items.raw(column),
        labels.title(x.items, column),
        model.spec,
        k,
        missing,
        int(x.matrix.indptr[row + 1] - x.matrix.indptr[row]),
        found.rank_before,
        found.rank_after,
        found.smallest,
        found.tried,
        instead,
        "",
    )
    return _worded(told, nearly=model.folds == "nearly")


def _first(model: Recommender, row: int, user: str) -> int:
    column = int(model.recommend(np.array([row]), 1).items[0, 0])
    if column < 0:
        raise Refusal(
            "nothing_to_recommend",
            f"The model has nothing to suggest to the user {user!r}.",
            "They may have seen every item, or have no history; choose another user, or name an item.",
        )
    return column


def _no(model: Recommender, column: int) -> int:
    return int(model.x.items.numbers[column])


def _worded(told: Counterfactual, *, nearly: bool) -> Counterfactual:
    list_ = "the first place" if told.k == 1 else f"the list of {told.k}"
    title = named(told.label)
    if not told.missing:
        text = (
            f"{title} stays in {list_} whatever past items are taken away: what everybody does is enough to keep it "
            "there."
            if told.smallest
            else f"None of the {told.tried:,} shortened histories that were tried takes {title} out of {list_}; there "
            "may be one that does."
        )
        return _with(told, text)
    names = [named(one.label) for one in told.missing]
    shown = [*names[:5], f"{len(names) - 5} more"] if len(names) > 6 else names
    then = (
        "the model would have nothing left to go by"
        if told.rank_after is None
        else f"it would stand at place {told.rank_after:,} instead of {told.rank_before:,}"
    )
    text = f"Without {listed(shown)}, {title} would not be in {list_}: {then}."
    if told.instead:
        text += f" {named(told.instead[0][1])} would come in its place."
    size = "one past item" if len(names) == 1 else f"{len(names)} of {told.of:,} past items"
    text += (
        f" No fewer than {size} can do that."
        if told.smallest and len(names) > 1
        else ""
        if told.smallest
        else f" It is the smallest set found ({size}) among {told.tried:,} that were tried; a smaller one may exist."
    )
    if nearly:
        text += " This model folds a history in only nearly: places in its own lists may differ."
    return _with(told, text)


def _with(told: Counterfactual, sentence: str) -> Counterfactual:
    return replace(told, sentence=sentence)
