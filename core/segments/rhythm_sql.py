"""rhythm_sql."""

from __future__ import annotations

from core.segments.conditions import Setting
from core.segments.rule import Moment, Regularly, Resumed, Stopped
from core.store import Query


def moment_condition(rule: Moment, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL."""
    raise NotImplementedError


def regularly_condition(rule: Regularly, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL."""
    raise NotImplementedError


def stopped_condition(rule: Stopped, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL."""
    raise NotImplementedError


def resumed_condition(rule: Resumed, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL."""
    raise NotImplementedError
