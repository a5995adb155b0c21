"""Segments by value: RFM, ABC classes, stages of loyalty."""

from __future__ import annotations

from datetime import datetime

from core.store import Store
from pages._ui import segments_rfm


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    segments_rfm.draw(store, as_of)
