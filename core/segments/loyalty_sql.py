"""loyalty_sql."""

from __future__ import annotations

from core.segments.conditions import Setting
from core.segments.rule import Loyalty
from core.store import Query


def loyalty_condition(rule: Loyalty, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL."""
    raise NotImplementedError
