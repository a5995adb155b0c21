"""The users behind a readout's rates: who of a group responded, and who did not, by the events."""

from __future__ import annotations

from core.errors import Refusal
from core.experiments.readout import _members
from core.experiments.types import ArmName, Readout
from core.store import Query


def responders(read: Readout, arm: ArmName, *, responded: bool = True) -> Query:
    """user_no of an arm's users who responded in the readout's window (or did not), of those whom the workspace knows.

    With `responded` their number is that arm's `responses`; without, its other users less `missing`. Raises Refusal
    `not_from_events` for a readout of a file: who responded stands in the file.
    """
    if read.source != "events":
        raise Refusal("not_from_events", "These responses came from a file.", "Look into that file for who responded.")
    rows = _members(read.saved, read.window)
    chosen = Query(") WHERE arm = ? AND responded = ? AND user_no IS NOT NULL", (arm, responded))
    return Query("SELECT user_no FROM (") + rows + chosen
