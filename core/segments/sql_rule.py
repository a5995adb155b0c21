"""sql_rule."""

from __future__ import annotations

from core.segments.conditions import Setting
from core.segments.rule import Sql
from core.store import Query


def sql_condition(rule: Sql, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL."""
    raise NotImplementedError
