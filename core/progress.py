"""Progress and cancelling: the one thing that long work knows about the world that waits for it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import floor, log10


class Cancelled(Exception):
    """Raised inside long work when the person who started it has asked it to stop."""


@dataclass(frozen=True)
class Amount:
    """How much of one phase is done, in things that people count: `done` of `of`, in "rows" or "bytes"."""

    done: float
    of: float
    unit: str = "rows"


class Step:
    """Where long work says how far it is, and learns whether to stop.

    This base class listens to nobody and never cancels, so every function that takes a step may be called
    without one (`step: Step = no_step`). Runners and the command line pass their own subclass, which overrides
    `_tell` and `cancelled`.

    Work calls `report(share, note)` now and then, with a share of the whole from 0 to 1; it raises Cancelled
    when the person has asked to stop. Long work made of several parts hands each a `part`:

    >>> no_step.part(0.5, 1.0).report(0.25, "half of the second half")
    """

    def report(self, share: float, note: str = "", amount: Amount | None = None) -> None:
        """Say that `share` (0 to 1) of the work is done; raises Cancelled if the person has asked to stop.

        A phase that goes through rows or bytes says with `amount` how many: from those its speed is told.
        """
        self.check()
        self._count(amount)
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

    def counted(self, of: float, unit: str = "rows") -> Step:
        """A step for work that goes evenly through `of` rows (or bytes): each share told is also told as an amount."""
        return _Counted(self, of, unit)

    def _tell(self, share: float, note: str) -> None:
        """What a subclass does with a report; nothing here."""

    def _count(self, amount: Amount | None) -> None:
        """What a subclass does with the amount of a report (None: this phase counts nothing); nothing here."""


class _Part(Step):
    def __init__(self, whole: Step, start: float, end: float) -> None:
        self._whole, self._start, self._width = whole, start, end - start

    def cancelled(self) -> bool:
        return self._whole.cancelled()

    def report(self, share: float, note: str = "", amount: Amount | None = None) -> None:
        self._whole.report(self._start + min(max(share, 0.0), 1.0) * self._width, note, amount)


class _Counted(Step):
    def __init__(self, whole: Step, of: float, unit: str) -> None:
        self._whole, self._of, self._unit = whole, of, unit

    def cancelled(self) -> bool:
        return self._whole.cancelled()

    def report(self, share: float, note: str = "", amount: Amount | None = None) -> None:
        share = min(max(share, 0.0), 1.0)
        self._whole.report(share, note, amount or Amount(share * self._of, self._of, self._unit))


no_step = Step()


class Meter:
    """The speed of the phase at work, over its last seconds, and the words for it."""

    _WINDOW = 5.0
    _LEAST = 0.5  # seconds seen before a speed is said

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=1_000)
        self._now: Amount | None = None

    def note(self, now: float, amount: Amount | None) -> None:
        """At `now` (seconds on any clock that only rises) the phase had come so far; None: it counts nothing."""
        last = self._now
        if (
            amount is None
            or last is None
            or (amount.of, amount.unit) != (last.of, last.unit)
            or amount.done < last.done
        ):
            self._seen.clear()
        self._now = amount
        if amount is None:
            return
        self._seen.append((now, amount.done))
        while len(self._seen) > 2 and self._seen[0][0] < now - self._WINDOW:
            self._seen.popleft()

    def speed(self) -> float | None:
        """Rows (or bytes) a second; None while too little has been seen."""
        if len(self._seen) < 2:
            return None
        (began, first), (now, done) = self._seen[0], self._seen[-1]
        return (done - first) / (now - began) if now - began >= self._LEAST and done > first else None

    def say(self) -> str:
        """How far and how fast, no more exact than it is known; empty where nothing is counted.

        >>> meter = Meter()
        >>> for second in range(9):
        ...     meter.note(second, Amount(second * 411_234, 10_000_000))
        >>> meter.say()
        '3,290,000 of 10,000,000 rows, 410,000 rows/s'
        >>> meter.note(9, Amount(120_500_000, 300_000_000, "bytes")), meter.say()
        (None, '120 of 300 MB')
        """
        at, speed = self._now, self.speed()
        if at is None or at.of <= 0:
            return ""
        if at.unit == "bytes":
            step, unit = next(
                ((n, u) for n, u in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")) if at.of >= n), (1.0, "bytes")
            )
            digits = 1 if step == 1e9 else 0
            far = f"{at.done / step:,.{digits}f} of {at.of / step:,.{digits}f} {unit}"
            return far + (f", {_rough(speed / 1e6)} MB/s" if speed else "")
        places = min(0, 4 - len(str(int(at.of))))
        far = f"{min(round(at.done, places), at.of):,.0f} of {at.of:,.0f} {at.unit}"
        return far + (f", {_rough(speed)} {at.unit}/s" if speed else "")


def _rough(value: float) -> str:
    """Two digits that say something."""
    places = 1 - floor(log10(value))
    return f"{round(value, places):,.{max(0, min(places, 2))}f}"
