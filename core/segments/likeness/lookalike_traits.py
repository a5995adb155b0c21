"""What look-alikes have in common with their seed, against all others, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.segments.likeness.lookalike_data import window_free
from core.segments.likeness.lookalike_score import Scale, trained_on
from core.segments.likeness.types import Trait

MOST_TRAITS, MOST_ITEMS = 8, 5
LEAST = 0.2
"""Standard deviations that a trait must lie apart, of the look-alikes and of the seed."""

_COMPARED, _SAME = 20_000, 0.85
_COUNTED = frozenset({"days", "events", "orders", "items", "sessions", "categories", "years", "hours", "entries"})

TOO_GOOD = 0.98
"""Above this share of pairs told apart, a feature is taken for what defines the seed."""


def feature_traits(
    values: Array, columns: Sequence[Mapping[str, str]], seed: Array, chosen: Array
) -> tuple[Trait, ...]:
    """The features in which chosen users and seed both lie on the same side of all others, farthest first.

    `difference` is that of places among all users, in standard deviations, so that a few large values do not make it;
    `inside` (chosen) and `outside` are means of the values, the farthest 1 % on either side drawn in.
    """
    others = ~seed & ~chosen
    if not others.any():
        return ()
    scale = Scale.of(values)
    found: list[tuple[float, int, Trait]] = []
    for n, about in enumerate(columns):
        place = _places(values, scale, n)
        middle = float(place[others].mean())
        mine, theirs = float(place[chosen].mean()) - middle, float(place[seed].mean()) - middle
        strength = min(abs(mine), abs(theirs))
        if mine * theirs <= 0 or strength < LEAST or about["name"].endswith("_other"):
            continue
        cells = _drawn_in(values[:, n].astype(np.float64))
        inside, of_seed, outside = (_mean(cells[who]) for who in (chosen, seed, others))
        if (inside - outside) * mine <= 0 or (of_seed - outside) * theirs <= 0:
            continue
        words = _words(about, inside, of_seed, outside)
        found.append((strength, n, Trait(about["name"], mine, inside, outside, _unit(about), words)))
    found.sort(key=lambda each: (-round(each[0], 6), each[2].feature))
    return _different(found, values, scale)


def _different(found: Sequence[tuple[float, int, Trait]], values: Array, scale: Scale) -> tuple[Trait, ...]:
    """The first few that do not say again what one before them says: another window, or nearly the same places."""
    kept: list[Trait] = []
    said: set[str] = set()
    places: list[Array] = []
    for _, n, trait in found:
        place = _places(values[:_COMPARED], scale, n)
        same = any(abs(float(np.corrcoef(place, other)[0, 1])) > _SAME for other in places)
        if window_free(trait.feature) in said or same:
            continue
        kept.append(trait)
        said.add(window_free(trait.feature))
        places.append(place)
        if len(kept) == MOST_TRAITS:
            break
    return tuple(kept)


def _places(values: Array, scale: Scale, n: int) -> Array:
    """Float64 (n,): one column as places, mean 0 and standard deviation 1."""
    one = Scale((scale.knots[n],), (), scale.mean[n : n + 1], scale.spread[n : n + 1])
    return one.encoded(values[:, n : n + 1])[:, 0].astype(np.float64)


def item_traits(
    rows: csr_matrix, items: Sequence[Mapping[str, Any]], seed: Array, chosen: Array
) -> tuple[Trait, ...]:  # fmt: skip
    """The items that chosen users and seed both take more often than all others, farthest first.

    Args:
        items: column of the matrix, label and raw id of the items to look at.
    """
    others = ~seed & ~chosen
    found: list[tuple[float, Trait]] = []
    if not others.any() or not items:
        return ()
    taken = rows[:, [int(item["column"]) for item in items]] > 0
    share = {k: np.asarray(taken[who].mean(axis=0)).ravel() for k, who in (("c", chosen), ("s", seed), ("o", others))}
    whole = np.asarray(taken.mean(axis=0)).ravel()
    for n, item in enumerate(items):
        inside, of_seed, outside = (float(share[k][n]) for k in "cso")
        spread = float(np.sqrt(whole[n] * (1 - whole[n])))
        if min(inside, of_seed) <= outside or not spread:
            continue
        apart = min(inside - outside, of_seed - outside) / spread
        label = str(item["label"] or item["raw"])
        words = (
            f"{label}: taken by {_percent(inside)} of them, {_percent(of_seed)} of the seed, "
            f"{_percent(outside)} of all others."
        )
        difference = (inside - outside) / spread
        found.append((apart, Trait(f"item {item['raw']}", difference, inside, outside, "share", words)))
    found.sort(key=lambda pair: (-round(pair[0], 6), pair[1].feature))
    return tuple(trait for apart, trait in found[:MOST_ITEMS] if apart >= LEAST / 2)


def tell_tale(values: Array, columns: Sequence[Mapping[str, str]], seed: Array) -> list[tuple[str, float]]:
    """Features that alone part the seed from the others, with the share of pairs they tell apart; best first."""
    from scipy.stats import rankdata  # slow to import, and few need it

    rows = trained_on(seed, np.ones(len(seed), dtype=bool))
    scale = Scale.of(values)
    member = seed[rows]
    inside, outside = int(member.sum()), int((~member).sum())
    ranks = rankdata(scale.encoded(values[rows]), axis=0)
    auc = (ranks[member].sum(axis=0) - inside * (inside + 1) / 2) / (inside * outside)
    auc = np.maximum(auc, 1 - auc)
    names = [c["words"] for c in columns]
    names += [f"{columns[n]['words']} (whether it is known)" for n in scale.gaps]
    best = [(name, float(value)) for name, value in zip(names, auc, strict=True) if value > TOO_GOOD]
    return sorted(best, key=lambda pair: (-pair[1], pair[0]))


def telling_items(rows: csr_matrix, items: Sequence[Mapping[str, Any]], seed: Array) -> list[tuple[str, float]]:
    """Items that alone part the seed from the others: who took them, and who did not."""
    found = []
    for item in items:
        taken = np.asarray((rows[:, [int(item["column"])]] > 0).toarray()).ravel()
        auc = 0.5 + (float(taken[seed].mean()) - float(taken[~seed].mean())) / 2
        if auc > TOO_GOOD:
            found.append((f"{item['label'] or item['raw']} taken", auc))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


# What a definition must say, and a sentence need not.
_ASIDE = re.compile(
    r",? counted by the item's '[^']*'|,? impressions left out,?|; impressions are left out| other than an impression|"
    r" but impressions|, before returns|, in the currency of the file|; 0 for who bought nothing|; above 1 where .*|"
    r": distinct order numbers, or where there is none the days \(UTC\) with a purchase| \(UTC\)|: 1 = .*|"
    r" \(at least one: [^)]*\)"
)


def _drawn_in(cells: Array) -> Array:
    known = cells[~np.isnan(cells)]
    low, high = np.quantile(known, [0.01, 0.99])
    return np.clip(cells, low, high) if low < high else cells


def _mean(cells: Array) -> float:
    known = cells[~np.isnan(cells)]
    return float(known.mean()) if len(known) else float("nan")


def _unit(about: Mapping[str, str]) -> str:
    return "share" if about["kind"] == "yes" else about["unit"]


def _words(about: Mapping[str, str], inside: float, of_seed: float, outside: float) -> str:
    if about["kind"] == "yes":
        return (
            f"{about['words']}: {_percent(inside)} of them, {_percent(of_seed)} of the seed, "
            f"{_percent(outside)} of all others."
        )
    say = _percent if about["unit"] == "share" else _figure
    unit = f" {about['unit']}" if about["unit"] in _COUNTED else ""
    what = _ASIDE.sub("", about["words"])
    return f"{what}: {say(inside)}{unit} on average, the seed {say(of_seed)}, all others {say(outside)}."


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %" if abs(share) < 0.1 else f"{share * 100:.0f} %"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2g}"
