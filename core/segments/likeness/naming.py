"""What sets each cluster apart, and its name: standardised differences, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.segments.likeness.types import Trait

_MOST = 8
_LEAST = 0.2  # standard deviations below which a difference is not worth a word
_NAMED = 0.4  # and below which it does not make a name

_PLAIN = {
    "tenure_days": ("long known", "new"),
    "days_since_event": ("long away", "lately active"),
    "days_since_purchase": ("last order long ago", "recent buyers"),
    "events_90d": ("busy lately", "quiet lately"),
    "orders_90d": ("ordering lately", "no orders lately"),
    "active_days_all": ("often here", "seldom here"),
    "sessions_all": ("many visits", "few visits"),
    "views_all": ("much looking", "little looking"),
    "orders_all": ("frequent buyers", "few orders"),
    "revenue_all": ("big spenders", "small spenders"),
    "order_value_all": ("large orders", "small orders"),
    "share_returned": ("many returns", "few returns"),
    "items_all": ("wide interest", "few items"),
    "items_bought_all": ("many items bought", "few items bought"),
    "top_category_share": ("one category", "many categories"),
    "category_entropy": ("many categories", "one category"),
    "active_gap_mean": ("long pauses", "short pauses"),
    "active_gap_regularity": ("regular", "irregular"),
    "share_night": ("at night", "not at night"),
    "share_weekend": ("at weekends", "on weekdays"),
    "trend_events_30d": ("speeding up", "slowing down"),
    "view_to_cart": ("quick to the cart", "looks without cart"),
    "view_to_purchase": ("buys what they look at", "looks without buying"),
    "cart_to_purchase": ("buys what is in the cart", "leaves carts"),
}


def taste_traits(
    shown: csr_matrix, parts: Array, k: int, labels: Sequence[str], units: Sequence[str]
) -> list[list[Trait]]:
    """For each cluster what it takes more (or less) of than all others, strongest first."""
    n = len(parts)
    member = csr_matrix((np.ones((parts >= 0).sum()), (parts[parts >= 0], np.flatnonzero(parts >= 0))), shape=(k, n))
    sums = np.asarray((member @ shown).todense(), dtype=np.float64)
    sizes = np.bincount(parts[parts >= 0], minlength=k).astype(np.float64)
    total = np.asarray(shown.sum(axis=0)).ravel()
    square = np.asarray(shown.multiply(shown).sum(axis=0)).ravel()
    spread = np.sqrt(np.maximum(square / n - (total / n) ** 2, 0.0))
    made = []
    for part in range(k):
        inside = sums[part] / max(sizes[part], 1.0)
        outside = (total - sums[part]) / max(n - sizes[part], 1.0)
        apart = np.where(spread > 1e-9, (inside - outside) / np.maximum(spread, 1e-9), 0.0)
        # what they take more of tells more of a taste than the many things that they do not take
        order = np.lexsort((np.arange(len(apart)), -np.where(apart >= 0, apart, -apart / 4)))
        chosen = [j for j in order[:_MOST] if abs(apart[j]) >= _LEAST]
        made.append([_taken(labels[j], units[j], apart[j], inside[j], outside[j]) for j in chosen])
    return made


def feature_traits(
    raw: Array, values: Array, parts: Array, k: int, names: Sequence[str], units: Sequence[str]
) -> list[list[Trait]]:
    """For each cluster the features that set it apart, strongest first; differences on the scale that was clustered."""
    spread = np.maximum(values.std(axis=0), 1e-9)
    made = []
    for part in range(k):
        mine = parts == part
        apart = (values[mine].mean(axis=0) - values[~mine].mean(axis=0)) / spread if mine.any() and (~mine).any() else 0
        apart = np.broadcast_to(np.asarray(apart, dtype=np.float64), (len(names),))
        order = np.lexsort((np.arange(len(names)), -np.abs(apart)))
        chosen = [j for j in order[:_MOST] if abs(apart[j]) >= _LEAST]
        made.append([_measured(names[j], units[j], apart[j], raw[mine, j], raw[~mine, j]) for j in chosen])
    return made


def named(traits: Sequence[Sequence[Trait]], *, taste: bool, coarse: frozenset[str] = frozenset()) -> list[str]:
    """A name for each cluster of what sets it apart most; no two alike.

    Args:
        traits: of each cluster, strongest first.
        taste: whether traits are what users take.
        coarse: labels that names are made of where there are any (categories rather than what they part into).
    """
    found: list[str] = []
    for mine in traits:
        words = _words(mine, taste, coarse)
        fewest = 1 if taste and len(words) > 1 and len(mine) > 1 and _alone(mine, coarse) else 2
        tries = [_joined(words[:count], taste) for count in range(fewest, len(words) + 1)] or [_joined(words, taste)]
        name = next((one for one in tries if one not in found), None)
        count = 2
        while name is None:
            name = f"{tries[0]} {count}" if f"{tries[0]} {count}" not in found else None
            count += 1
        found.append(name)
    return found


def _words(mine: Sequence[Trait], taste: bool, coarse: frozenset[str]) -> list[str]:
    strong = [t for t in mine if t.difference >= _NAMED] if taste else [t for t in mine if abs(t.difference) >= _NAMED]
    if taste:
        first = [t.feature for t in strong if t.feature in coarse]
        return [*first, *(t.feature for t in strong if t.feature not in coarse)][:5]
    said = [_PLAIN[t.feature][t.difference < 0] if t.feature in _PLAIN else _level(t) for t in strong]
    return list(dict.fromkeys(said))[:5]


def _alone(mine: Sequence[Trait], coarse: frozenset[str]) -> bool:
    """Whether the first thing they take outweighs the next by far."""
    strong = [t.difference for t in mine if t.difference > 0 and (not coarse or t.feature in coarse)]
    return len(strong) < 2 or strong[0] > 3 * strong[1]


def _level(trait: Trait) -> str:
    return f"{'high' if trait.difference > 0 else 'low'} {trait.feature.replace('_', ' ')}"


def _joined(words: Sequence[str], taste: bool) -> str:
    if not words:
        return "A bit of everything" if taste else "Like most"
    text = f"{', '.join(words[:-1])} and {words[-1]}" if taste and len(words) > 1 else ", ".join(words)
    text = " ".join(text.split())
    return (text[0].upper() + text[1:])[:80]


def _taken(label: str, unit: str, apart: float, inside: float, outside: float) -> Trait:
    if unit == "share":
        words = f"{label}: {_percent(inside)} of what they take, others {_percent(outside)}"
    else:
        words = f"{label}: taken by {_percent(inside)} of them, of others by {_percent(outside)}"
    return Trait(label, float(apart), float(inside), float(outside), unit, words)


def _measured(name: str, unit: str, apart: float, inside: Array, outside: Array) -> Trait:
    mine, others = _middle(inside), _middle(outside)
    share = unit == "share"
    said = [(_percent(v) if share else f"{v:,.0f}" if abs(v) >= 100 else f"{v:,.2g}") for v in (mine, others)]
    after = "" if share or unit in ("", "money", "ratio", "0 to 1", "-1 to 1") else f" {unit}"
    words = f"{name.replace('_', ' ')}: {said[0]}{after} on average, others {said[1]}{after}"
    return Trait(name, float(apart), mine, others, unit, words)


def _middle(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.1 or share == 0 else f"{share * 100:.1f} %"
