"""Explain: the files it hands over. Whatever stands in them came from people's files, so every text is defused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from core.explain import Counterfactual, Network, Recommended, SimilarUser, TasteOf, Why
from core.store import write_rows

Cell = str | int | float | None


def recommended_file(user: str, model: str, rows: Sequence[Recommended]) -> Callable[[Path], object]:
    """The user's list with why. It names no other user."""
    head = ("user_id", "rank", "item_id", "title", "category", "score", "model", "why")
    lines = [(user, r.rank, r.item, r.label, r.category, r.score, model, r.sentence) for r in rows]
    return lambda path: write_rows(head, lines, path)


def parts_file(why: Why, *, of_users: bool) -> Callable[[Path], object]:
    """The parts of one explanation, then the rest, the base and the score: `value` of all but the last adds up to it.

    Similar users are named by id, so that file is for internal use.
    """
    view = why.users if of_users else why.items
    kind = "similar user" if of_users else "past item"
    head = ("user_id", "item_id", "part", "id", "title", "value", "share_of_score", "note")
    told: list[tuple[Cell, ...]] = [(kind, p.id, p.label, p.value, p.share, p.note) for p in view.parts]
    if view.others:
        told.append((f"{view.others} others", None, None, view.others_value, None, ""))
    told.append(("base", None, None, why.base, None, "where every score begins"))
    if not view.exact:
        told.append(("not accounted for", None, None, _left(why, of_users=of_users), None, "this view is measured"))
    told.append(("score", why.item, why.label, why.score, None, ""))
    lines = [(why.user, why.item, *line) for line in told]
    return lambda path: write_rows(head, lines, path)


def _left(why: Why, *, of_users: bool) -> float:
    view = why.users if of_users else why.items
    return why.score - why.base - sum(part.value for part in view.parts) - view.others_value


def alike_file(user: str, rows: Sequence[SimilarUser]) -> Callable[[Path], object]:
    """The similar users with what they share: ids of other users, for internal use."""
    head = ("internal_use_user_id", "similar_user_id", "similarity", "cosine", "shared_items", "first_shared_items")
    lines = [
        (user, r.user, r.similarity, r.cosine, r.shared, " | ".join(item.label for item in r.items[:10])) for r in rows
    ]
    return lambda path: write_rows(head, lines, path)


def ties_file(found: Network) -> Callable[[Path], object]:
    """Every tie of a network, strongest first: ids of other users, for internal use."""
    head = ("internal_use_user_id", "other_user_id", "likeness", "shared_items")
    people = found.people
    lines = [(people[tie.a].user, people[tie.b].user, tie.similarity, tie.shared) for tie in found.ties]
    return lambda path: write_rows(head, lines, path)


def whatif_file(found: Counterfactual) -> Callable[[Path], object]:
    """What would have to be different: the past items taken away, then what would come into the list."""
    head = ("user_id", "item_id", "title", "place_before", "place_after", "what", "id", "its_title", "note")
    own = (found.user, found.item, found.label, found.rank_before, found.rank_after)
    lines: list[tuple[Cell, ...]] = [(*own, "taken away", m.item, m.label, m.note) for m in found.missing]
    lines += [(*own, "comes into the list", item, label, "") for item, label in found.instead]
    return lambda path: write_rows(head, lines, path)


def tastes_file(found: Sequence[TasteOf]) -> Callable[[Path], object]:
    """Every taste with the typical items of its ends. It names no user."""
    head = ("taste", "share", "share_of", "end", "about", "item_id", "title", "strength")
    lines = [
        (taste.number, taste.weight, taste.of, name, end.words, pole.id, pole.label, pole.value)
        for taste in found
        for name, end in (("upper", taste.high), ("lower", taste.low))
        if end is not None
        for pole in end.items
    ]
    return lambda path: write_rows(head, lines, path)


def file_name(*words: str) -> str:
    """A file name that is one everywhere, from whatever stands in `words`."""
    return re.sub(r"[^A-Za-z0-9]+", "-", " ".join(words)).strip("-").lower()[:80] + ".csv"
