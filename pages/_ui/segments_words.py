"""Saved segments and kept groups in words, the same wherever one can be chosen."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.segments import KeptGroup, Saved, Schema, describe
from pages._ui import format as fmt

KINDS = {
    "clusters": "clusters",
    "lookalike": "look-alikes",
    "list": "list of ids",
    "frozen": "frozen members of a segment",
}
"""What kept groups are called, by kind."""


def rule_words(saved: Saved, schema: Schema) -> str:
    """The rule; of a frozen segment the rule that chose its members, and when."""
    return describe(saved.segment.rule, schema)


def state_words(saved: Saved) -> str:
    """Whether its members are settled."""
    return "frozen" if saved.frozen else "live"


def as_of_words(saved: Saved) -> str:
    """Up to which day its rule sees the data."""
    if saved.segment.as_of is not None:
        return last_day(saved.segment.as_of)
    return "when it was frozen" if saved.frozen else "follows the data"


def last_day(end: datetime) -> str:
    """A half-open end as the last day before it."""
    return fmt.day(end - timedelta(microseconds=1)) if end > datetime.min else fmt.day(end)


def segment_label(saved: Saved) -> str:
    """A segment in a list of them: its name, and that its members are settled where they are."""
    return f"{saved.segment.name} (frozen)" if saved.frozen else saved.segment.name


def group_said(group: KeptGroup) -> str:
    """What a group is, in a few words."""
    parts = f", {fmt.count(len(group.parts), 'part')}" if group.parts else ""
    return f"{KINDS[group.kind]}{parts}"
