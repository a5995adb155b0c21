"""Progress and cancelling: the one thing that long work knows about the world that waits for it."""

from __future__ import annotations


class Cancelled(Exception):
    """Raised inside long work when the person who started it has asked it to stop."""


class Step:
    """Where long work says how far it is, and learns whether to stop.

    This base class listens to nobody and never cancels, so every function that takes a step may be called
    without one (`step: Step = no_step`). Runners and the command line pass their own subclass, which overrides
    `_tell` and `cancelled`.

    Work calls `report(share, note)` now and then, with a share of the whole from 0 to 1; it raises Cancelled
    when the person has asked to stop. Long work made of several parts hands each a `part`:

    >>> no_step.part(0.5, 1.0).report(0.25, "half of the second half")
    """

    def report(self, share: float, note: str = "") -> None:
        """Say that `share` (0 to 1) of the work is done; raises Cancelled if the person has asked to stop."""
        self.check()
        self._tell(min(max(share, 0.0), 1.0), note)

    def check(self) -> None:
        """Raise Cancelled if the person has asked to stop."""
        if self.cancelled():
            raise Cancelled

    def cancelled(self) -> bool:
        """True once the person has asked to stop. Safe to call from any thread."""
        return False

    def part(self, start: float, end: float) -> Step:
        """A step whose 0 to 1 is this step's `start` to `end`."""
        return _Part(self, start, end)

    def _tell(self, share: float, note: str) -> None:
        """What a subclass does with a report; nothing here."""


class _Part(Step):
    def __init__(self, whole: Step, start: float, end: float) -> None:
        self._whole, self._start, self._width = whole, start, end - start

    def cancelled(self) -> bool:
        return self._whole.cancelled()

    def _tell(self, share: float, note: str) -> None:
        self._whole.report(self._start + share * self._width, note)


no_step = Step()
