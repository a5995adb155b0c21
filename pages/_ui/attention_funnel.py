"""Attention, the view "Funnel"."""

from __future__ import annotations

from core.store import Store
from pages._ui.home_period import Shown


def draw(store: Store, shown: Shown) -> None:
    """The whole view."""
