"""The backtest beside a target list: what such a list would have brought at a past moment, against simple choices."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from core.campaigns import Campaign, TargetList
from core.errors import Refusal
from core.evaluate import Audience, AudienceSpec, Measured, WayScore, audience, buyers_curve
from core.progress import Step
from core.store import Store

_YARDSTICKS = {
    "heavy-buyers": ("the heaviest buyers", "the most active users"),
    "recent-category-buyers": ("recent buyers", "those who took such lately"),
    "chance": ("users chosen by chance", "users chosen by chance"),
}  # where taking is buying, and where it is not


def backtest(store: Store, found: TargetList, notes: list[str], step: Step) -> dict[str, Any] | None:
    """Figures as plain JSON: cut, until, days, size, event, targets, ways, verdict, notes.

    Of each way: way, model (None for yardsticks), lift, precision and recall with intervals, chosen and taken over all
    that was judged, problem. None where it cannot be done; `notes` then gets the reason. The gates play no part in it:
    it judges the model's choice alone.
    """
    campaign = found.campaign
    if campaign.model is None:
        return None
    try:
        judged = audience(
            store,
            replace(_past(campaign), size=len(found.contacted)),
            step=step,
        )
    except Refusal as refusal:
        notes.append(f"No backtest: {refusal}")
        return None
    return _figures(judged)


def for_buyers(store: Store, campaign: Campaign, buyers: int, step: Step) -> tuple[Campaign, str]:
    """The campaign with the size that would have held so many buyers at a past moment, and a sentence that says so.

    Raises Refusal `too_many_buyers`, and what core.evaluate.buyers_curve raises.
    """
    curve = buyers_curve(
        store,
        _past(campaign),
        step=step,
    )
    return replace(campaign, size=curve.size_for(buyers)), curve.words(buyers)


def _past(campaign: Campaign) -> AudienceSpec:
    """The same question to a past moment, of any size."""
    assert campaign.model is not None  # lists for an item or a category have one
    return AudienceSpec(
        models=(campaign.model,),
        matrix=campaign.matrix,
        of="category" if campaign.ask == "category" else "item",
        column=campaign.column,
        targets=campaign.items if campaign.ask == "item" else (),
        categories=(str(campaign.category),) if campaign.ask == "category" else (),
        seed=campaign.seed,
    )


def _figures(judged: Audience) -> dict[str, Any]:
    return {
        "cut": str(judged.facts["cut"]),
        "until": str(judged.facts["until"]),
        "days": judged.facts["days"],
        "size": judged.spec.size,
        "event": judged.event,
        "targets": [asdict(target) for target in judged.targets],
        "ways": [_way(way) for way in judged.ways],
        "verdict": judged.verdict,
        "notes": list(judged.notes),
    }


def _way(way: WayScore) -> dict[str, Any]:
    return {
        "way": way.way,
        "model": None if way.spec is None else way.spec.as_json(),
        "lift": _measured(way.lift),
        "precision": _measured(way.precision),
        "recall": _measured(way.recall),
        "chosen": sum(each.chosen for each in way.each),
        "taken": sum(each.taken for each in way.each),
        "problem": None if way.problem is None else dict(way.problem),
    }


def _measured(value: Measured | None) -> dict[str, Any] | None:
    return None if value is None else asdict(value)


def backtest_words(figures: dict[str, Any]) -> list[str]:
    """Sentences for people."""
    other = int(figures["event"] != "purchase")
    did = ("have bought", "have taken it")[other]
    ways = [way for way in figures["ways"] if way["lift"] is not None]
    models = [way for way in ways if way["model"] is not None]
    if not models:
        return [f"Backtest: {figures['verdict']}"]
    best = models[0]
    against = [f"{way['taken']:,} for {_YARDSTICKS[way['way']][other]}" for way in ways if way["model"] is None]
    several = len(figures["targets"])
    whom = f"these {best['chosen']:,}" if several == 1 else f"{figures['size']:,} for each of {several:,}"
    share = best["precision"]
    return [
        f"Backtest: had the model chosen {whom} on {figures['cut'][:10]}, {best['taken']:,} would {did} in the "
        f"{figures['days']:.0f} days after ({100 * share['value']:.1f} %, 95 % interval {100 * share['low']:.1f} to "
        f"{100 * share['high']:.1f} %), against {', '.join(against)}.",
        figures["verdict"],
        "The backtest judges the model alone: consent, suppression and the segment drawn from are no part of it.",
    ]
