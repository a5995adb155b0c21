"""Saved segments and kept groups in words, the same wherever one can be chosen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.segments import KeptGroup, Saved, Schema, describe
from pages._ui import format as fmt
from pages._ui.text import label

KINDS = {
    "clusters": "clusters",
    "lookalike": "look-alikes",
    "list": "list of ids",
    "frozen": "frozen members of a segment",
}
"""What kept groups are called, by kind."""


def rule_words(saved: Saved, schema: Schema) -> str:
    """The rule; of a frozen segment the rule that chose its members."""
    segment = saved.segment
    return describe(segment.rule if segment.made_from is None else segment.made_from, schema)


def state_words(saved: Saved) -> str:
    """Whether its members are settled, and by the data up to which day they are chosen, where that is kept."""
    said = "frozen" if saved.frozen else "live"
    return f"{said}, as of {last_day(saved.segment.as_of)}" if saved.segment.as_of is not None else said


def last_day(end: datetime) -> str:
    """A half-open end as the last day before it."""
    return fmt.day(end - timedelta(microseconds=1)) if end > datetime.min else fmt.day(end)


def segment_labels(segments: Iterable[Saved]) -> dict[str, str]:
    """Name -> how a segment stands in a list of them: that its members are settled is said where they are."""
    return {s.segment.name: label(s.segment.name) + (" · frozen" if s.frozen else "") for s in segments}


def group_said(group: KeptGroup) -> str:
    """What a group is, in a few words."""
    parts = f", {fmt.count(len(group.parts), 'part')}" if group.parts else ""
    return f"{KINDS[group.kind]}{parts}"
