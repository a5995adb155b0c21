"""How much the lists of several models for one user have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

JACCARD = (
    "Items in common: of all the different items that the two lists name, the share that both name (Jaccard). "
    "1 is the same items, 0 none in common."
)
RANKS = (
    "Order in common: the share of items in common among the first 1, the first 2 and so on to the end of the longer "
    "list, averaged, so that the top counts most. 1 is the same items in the same order."
)


@dataclass(frozen=True)
class Pair:
    """Two lists: places of both, how many items both name, `jaccard` and `ranks` as defined above (0 to 1)."""

    a: int
    b: int
    common: int
    jaccard: float
    ranks: float


@dataclass(frozen=True)
class SharedLists:
    """What several lists have in common.

    Attributes:
        holders: item -> places of the lists that name it, ascending; every item of every list.
        in_all: items that every list names, in the order of the first.
        pairs: every two lists once, the smaller place first; lists without any item play no part.
    """

    holders: Mapping[str, tuple[int, ...]]
    in_all: tuple[str, ...]
    pairs: tuple[Pair, ...]


def shared_lists(lists: Sequence[Sequence[str]]) -> SharedLists:
    """What the lists (raw ids, best first, each item once) have in common; empty lists share nothing.

    >>> shared_lists([["a", "b"], ["b", "c"]]).pairs[0].jaccard
    0.3333333333333333
    """
    holders: dict[str, tuple[int, ...]] = {}
    for place, one in enumerate(lists):
        for item in one:
            holders[item] = (*holders.get(item, ()), place)
    there = [place for place, one in enumerate(lists) if one]
    pairs = tuple(_pair(lists, a, b) for n, a in enumerate(there) for b in there[n + 1 :])
    everywhere = len(lists) if len(lists) > 1 else 0
    in_all = tuple(item for item in (lists[0] if lists else ()) if len(holders[item]) == everywhere)
    return SharedLists(holders, in_all, pairs)


def _pair(lists: Sequence[Sequence[str]], a: int, b: int) -> Pair:
    one, other = set(lists[a]), set(lists[b])
    common = len(one & other)
    return Pair(a, b, common, common / len(one | other), average_overlap(lists[a], lists[b]))


def average_overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """The mean over depths d = 1 .. length of the longer list of |first d of both in common| / d; 0 for two empty ones.

    >>> average_overlap(["a", "b"], ["a", "b"]), average_overlap(["a", "b"], ["b", "a"])
    (1.0, 0.5)
    """
    depths = range(1, max(len(one), len(other)) + 1)
    return sum(len({*one[:d]} & {*other[:d]}) / d for d in depths) / len(depths) if depths else 0.0
