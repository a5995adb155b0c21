"""A draft read as a rule, and what is still missing where it cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from core.segments import Ago, All, At, BadRule, Not, Rule
from core.segments import Any as AnyOf
from pages._ui.rule_builder_leaf import leaf, needed
from pages._ui.rule_builder_parts import Choices, Condition, Group


@dataclass(frozen=True)
class Reading:
    """A draft read as a rule.

    Attributes:
        rule: the rule, or None while any part is unfinished.
        paths: uid of a group or condition -> where it stands in the rule; those switched off have none.
        problems: uid -> what is missing or wrong.
    """

    rule: Rule | None
    paths: dict[int, str]
    problems: dict[int, str]

    def at(self, path: str) -> int | None:
        """The group or condition in which a path of the rule lies: the innermost; None where it lies in none."""
        held = [(len(own), uid) for uid, own in self.paths.items() if _inside(path, own)]
        return max(held)[1] if held else None


def read(draft: Group) -> Reading:
    """The rule that a draft describes; what is switched off is left out."""
    paths: dict[int, str] = {}
    problems: dict[int, str] = {}
    rule = _group(draft, "", paths, problems, root=True)
    return Reading(None if problems else rule, paths, problems)


def asked(part: Group | Condition) -> bool:
    """Whether a part counts: switched on, and if it is a group, something in it, or nothing at all (unfinished)."""
    if not part.on or isinstance(part, Condition):
        return part.on
    return not part.children or any(asked(child) for child in part.children)


def _inside(path: str, own: str) -> bool:
    return path == own or not own or path.startswith((f"{own}.", f"{own}["))


def _group(
    group: Group, path: str, paths: dict[int, str], problems: dict[int, str], *, root: bool = False
) -> Rule | None:
    paths[group.uid] = path
    here = _joined(path, "rule") if group.as_of else path
    outer = _joined(here, "not") if group.kind == "none" else here
    word = "all" if group.kind == "all" else "any"
    children = [child for child in group.children if asked(child)]
    if not group.children and not (root and group.kind == "all"):
        problems[group.uid] = "This group is empty: add a condition, or take the group away."
    elif not children and group.kind != "all":
        problems[group.uid] = "Everything in this group is switched off: switch something on."
    rules = []
    for n, child in enumerate(children):
        at = _joined(outer, f"{word}[{n}]")
        rule = _group(child, at, paths, problems) if isinstance(child, Group) else _asked(child, at, paths, problems)
        if rule is not None:
            rules.append(rule)
    as_of = None
    try:
        as_of = _moment(group.as_of) if group.as_of else None
    except BadRule as bad:
        problems[group.uid] = _sentence(bad)
    if problems:
        return None
    made: Rule = All(tuple(rules)) if group.kind == "all" else AnyOf(tuple(rules))
    made = Not(made) if group.kind == "none" else made
    return At(as_of, made) if as_of is not None else made


def _asked(condition: Condition, path: str, paths: dict[int, str], problems: dict[int, str]) -> Rule | None:
    paths[condition.uid] = path
    try:
        rule = leaf(condition)
    except BadRule as bad:
        problems[condition.uid] = _sentence(bad)
        return None
    return Not(rule) if condition.negated else rule


def _moment(choices: Choices) -> datetime | Ago:
    v = choices.values
    if v.get("back", "ago") == "ago":
        return Ago(needed(v, "n", "say how long ago"), v.get("unit") or "days")
    moment = needed(v, "moment", "choose a day")
    return moment if isinstance(moment, datetime) or not isinstance(moment, date) else datetime.combine(moment, time())


def _joined(path: str, more: str) -> str:
    return f"{path}.{more}" if path else more


def _sentence(bad: BadRule) -> str:
    return f"{bad.problem[:1].upper()}{bad.problem[1:]}."
