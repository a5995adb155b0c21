"""abc_sql."""

from __future__ import annotations

from core.segments.conditions import Setting
from core.segments.rule import Abc
from core.store import Query


def abc_condition(rule: Abc, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL."""
    raise NotImplementedError
