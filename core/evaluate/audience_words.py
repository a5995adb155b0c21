"""What the answer to an audience question says, in sentences for those who will spend money on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.evaluate.audience_count import MANY, YARDSTICKS
from core.evaluate.audience_types import AudienceSpec, Target, WayScore
from core.evaluate.verdict import full_name

_DONE = {
    "purchase": "bought",
    "view": "viewed",
    "click": "clicked",
    "rating": "rated",
    "cart": "put in the cart",
    "favourite": "marked as a favourite",
    "share": "shared",
    "open": "opened",
}


@dataclass(frozen=True, eq=False)
class Told:
    """All that sentences are made of: the question, prepare_audience's own words, the answer so far.

    `bare` is how many targets are in no category, `uniform` the labels of models that score all users alike.
    """

    spec: AudienceSpec
    found: Mapping[str, Any]
    targets: tuple[Target, ...]
    ways: tuple[WayScore, ...]
    facts: Mapping[str, Any]
    bare: int
    uniform: tuple[str, ...]

    @property
    def thing(self) -> str:
        """What is judged: item or category."""
        return self.spec.of

    @property
    def did(self) -> str:
        """What takers did, in the past tense."""
        words = self.found["words"]
        return _DONE.get(words[0], f"had an event “{words[0]}” with") if len(words) == 1 else "took"

    @property
    def buyers(self) -> str:
        """What takers are called."""
        return "buyers" if self.found["words"] == ["purchase"] else "takers"

    def way(self, name: str) -> str:
        """What a yardstick is called here."""
        if name == "heavy-buyers":
            return "heavy buyers" if self.found["heavy_by"] == "orders" else "the most active users"
        if name == "recent-category-buyers":
            whole = self.bare == len(self.targets)
            return f"recent {self.buyers} of anything" if whole else f"recent {self.buyers} of the category"
        return "chance"

    def model(self, way: WayScore) -> str:
        """What a model is called."""
        assert way.spec is not None
        return full_name(way.spec, self.spec.models)


def verdict(told: Told) -> str:
    """One or two sentences with figures, of the model with the highest lift; then what it does not beat."""
    models = [way for way in told.ways if way.spec is not None]
    done = [way for way in models if way.lift is not None]
    if not done:
        return "No model could be fitted, so nothing can be said."
    best = max(done, key=lambda way: way.lift.value if way.lift else 0.0)
    assert best.lift
    assert best.precision
    if all(one.chosen == told.targets[one.target].candidates for way in done for one in way.each):
        said = f"Everybody was chosen, since no {told.thing} had more than {told.spec.size:,} users to choose from: "
        said += "nothing can be said of whom a model would choose first. Ask for fewer users."
        return " ".join([said, *_broken(told, models)])
    others = [way for way in told.ways if way.way in YARDSTICKS[:2] and way.lift]
    yard = " and ".join(f"{way.lift.value:.1f} for {told.way(way.way)}" for way in others if way.lift)
    rank = f", the best of the {len(done)} models," if len(done) > 1 else ""
    what = f"{told.did} it" if told.thing == "item" else f"{told.did} something of it"
    first = (
        f"Of the {_size(told, best)} users that {told.model(best)}{rank} would have chosen for {_a(told)}, on average "
        f"{_share(best.precision.value)} {what} in the {_days(told)} after {_day(told.facts['cut'])}: "
        f"{best.lift.value:.1f} times chance ({best.lift.low:.1f} to {best.lift.high:.1f}), against {yard}."
    )
    return " ".join([first, *_standing(told, best), *_broken(told, models)])


def notes(told: Told) -> tuple[str, ...]:
    """What was done and left out."""
    cut, until = _day(told.facts["cut"]), _last_day(told.facts["until"])
    said = [
        f"Models and yardsticks saw only what happened before {cut}; what users {told.did} from then to {until} "
        f"({_days(told)}) was counted.",
        _candidates(told),
        *_left_out(told),
        _heavy(told),
        _recent(told),
        "Where scores are equal, users are drawn by lot.",
        *_shortfalls(told),
    ]
    if sum(way.spec is not None and way.problem is None for way in told.ways) > 1:
        said.append("The best of several models was found by these same figures, which flatters it a little.")
    if told.uniform:
        said.append(f"Chosen by lot, since every user gets the same score: {', '.join(told.uniform)}.")
    if len(told.targets) < MANY:
        said.append(
            f"Fewer than {MANY} were judged: the intervals tell how sure the figures are for "
            f"{'this one' if len(told.targets) == 1 else 'these'}, not how others would do."
        )
    return tuple(said)


def _standing(told: Told, best: WayScore) -> list[str]:
    """How the best model stands to chance and to each yardstick."""
    lead = {name: best.against[name] for name in YARDSTICKS}
    level = [name for name in YARDSTICKS if lead[name].low <= 0 <= lead[name].high]
    behind = [name for name in YARDSTICKS if lead[name].high < 0]
    said = []
    if level:
        names = " or ".join(told.way(name) for name in level)
        said.append(f"That is no better than {names}, as far as these data can tell.")
    if behind:
        names = " and ".join(told.way(name) for name in behind)
        instead = "" if behind == ["chance"] else ": choose those instead"
        said.append(f"It does worse than {names}{instead}.")
    if not level and not behind:
        said.append("It is surely ahead of all three.")
    return said


def _broken(told: Told, models: list[WayScore]) -> list[str]:
    broken = [told.model(way) for way in models if way.problem is not None]
    return [f"Could not be fitted: {', '.join(broken)}."] if broken else []


def _candidates(told: Told) -> str:
    users = f"the {told.facts['users']:,} users with behaviour that models use before then"
    if told.thing == "category":
        return f"Chosen from {users}; those who had {told.did} something of the category before are among them."
    returned = " (what was wholly returned does not count as bought)" if told.did == "bought" else ""
    return f"Chosen from {users}, without those who had {told.did} the item already{returned}."


def _left_out(told: Told) -> list[str]:
    found, said = told.found, []
    things = "items" if told.thing == "item" else "categories"
    if found["enough"] is not None:
        text = f"Judged: {len(told.targets):,} {things} that at least {found['enough']} of these users {told.did}"
        text += f", those with the most {told.buyers}" if found["more"] else ""
        new = f", {found['new']:,} that are new since then" if told.thing == "item" else ""
        said.append(f"{text}. Left out: {found['skipped']:,} with fewer, {found['more']:,} for brevity{new}.")
    if found["unusable"]:
        names = ", ".join(found["unusable"][:10]) + (", ..." if len(found["unusable"]) > 10 else "")
        said.append(
            f"Not judged: {names}; unknown to models before then, or none of these users {told.did} it afterwards."
        )
    return said


def _heavy(told: Told) -> str:
    if told.found["heavy_by"] == "orders":
        return "Heavy buyers: the users with the most orders before then."
    return "The most active users (heavy buyers): those with the most events before then, as nobody had bought by then."


def _recent(told: Told) -> str:
    name, column = told.way("recent-category-buyers"), told.found["column"]
    fill = f"then those who last {told.did} anything else, the latest first"
    if column is None:
        return f"The items have no categories, so that yardstick is {name}: the latest first."
    if told.bare == len(told.targets):
        return f"None of these items is in a category ({column}), so that yardstick is {name}: the latest first."
    some = f"; for {told.bare} in no category, {told.buyers} of anything" if told.bare else ""
    return f"{name.capitalize()} ({column}): those who last {told.did} something of it, the latest first, {fill}{some}."


def _shortfalls(told: Told) -> list[str]:
    small = sum(target.candidates < told.spec.size for target in told.targets)
    said = []
    if small:
        said.append(
            f"For {small:,} of {len(told.targets):,} there were fewer than {told.spec.size:,} users to choose from: "
            "all of them were chosen, whichever way, which is no better than chance."
        )
    for way in told.ways:
        short = [s for s in way.each if s.chosen < min(told.spec.size, told.targets[s.target].candidates)]
        if short:
            least = min(s.chosen for s in short)
            said.append(
                f"{way.way} has a score for too few users for {len(short):,} of {len(told.targets):,}, and chose fewer "
                f"(at least {least:,})."
            )
    return said


def _size(told: Told, way: WayScore) -> str:
    fewer = any(score.chosen < told.spec.size for score in way.each)
    return f"{'up to ' if fewer else ''}{told.spec.size:,}"


def _a(told: Told) -> str:
    if len(told.targets) == 1:
        return told.targets[0].label
    return "an item" if told.thing == "item" else "a category"


def _share(share: float) -> str:
    digits = 0 if share >= 0.1 else 1 if share >= 0.01 else 2
    return f"{share * 100:.{digits}f} %"


def _days(told: Told) -> str:
    days = float(told.facts["days"])
    if days < 2:
        return f"{max(1, round(days * 24))} hours"
    return f"{round(days):,} days"


def _day(iso: str) -> str:
    moment = datetime.fromisoformat(iso)
    return f"{moment.day} {moment:%b %Y}"


def _last_day(iso: str) -> str:
    """`until` is not included."""
    return _day((datetime.fromisoformat(iso) - timedelta(microseconds=1)).isoformat())
