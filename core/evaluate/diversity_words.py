"""What a place of the diversity slider costs, and what it brings, in words."""

from __future__ import annotations

from core.evaluate.diversity import DiversityCurve, Notch


def notch_words(found: DiversityCurve, place: float) -> str:
    """What lists at `place` of the slider are like against the model's own, in two or three sentences.

    Raises ValueError for a place that is none of the curve's.
    """
    notch = next((one for one in found.notches if one.diversity == place), None)
    if notch is None:
        raise ValueError(f"no notch at {place}")
    own, k = found.notches[0], found.k
    if notch is own:
        return (
            f"At 0 the lists are the model's own: NDCG@{k} {own.ndcg.value:.3f}, "
            f"diversity {_apart(own)}, and {_share(own.coverage)} of all items stand in some list."
        )
    return (
        f"At {place:.1f} accuracy {_moved(own.ndcg.value, notch.ndcg.value)}: NDCG@{k} {notch.ndcg.value:.3f} instead "
        f"of {own.ndcg.value:.3f}, and the lists name {_share(notch.recall.value)} of what users went on to take "
        f"instead of {_share(own.recall.value)}{_sure(own, notch)}. For that the items of a list have less in common: "
        f"diversity {_apart(notch)} instead of {_apart(own)}. {_share(notch.coverage)} of all items stand in some list "
        f"instead of {_share(own.coverage)}."
    )


def _moved(before: float, now: float) -> str:
    """How far a figure moved, in per cent of what it was."""
    if before <= 0:
        return "stays as it is" if now <= 0 else "rises"
    change = now / before - 1
    if abs(change) < 0.005:
        return "hardly moves"
    return f"{'falls' if change < 0 else 'rises'} by {abs(change) * 100:.0f} %"


def _sure(own: Notch, notch: Notch) -> str:
    apart = notch.ndcg.high < own.ndcg.low or notch.ndcg.low > own.ndcg.high
    return "" if apart else " (within what chance could do: the 95 % intervals of NDCG overlap)"


def _apart(notch: Notch) -> str:
    return "–" if notch.apart is None else f"{notch.apart.value:.3f}"


def _share(value: float) -> str:
    return f"{value * 100:.1f} %"
