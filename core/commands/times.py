"""Moments as a person types them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from core.errors import Refusal


def moment(text: str | None) -> datetime | None:
    """A date or time as UTC without a zone. Raises Refusal `bad_time`."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("bad_time", f"{text!r} is not a date or time.", "Write 2011-12-01 or 2011-12-01T12:00.") from None
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)
