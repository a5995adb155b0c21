"""How long a job will still take, judged from how it has gone so far."""

from __future__ import annotations

from bisect import bisect_left

_LEAST_SECONDS = 2.0  # of progress seen before anything is said
_LEAST_SHARE = 0.02
_WINDOW = 0.5  # the estimate follows the latest half of the time seen, but at least _WINDOW_SECONDS
_WINDOW_SECONDS = 15.0
_LONGEST = 48 * 3600.0
_POINTS = 500  # how finely the past is remembered


class Pace:
    """Collects (time, share) and extrapolates the recent speed.

    The first report starts the clock, so that starting up is not taken for slowness. Work that has fallen silent
    is estimated slower and slower, since the time since its last report counts.
    """

    def __init__(self) -> None:
        self._seen: list[tuple[float, float]] = []
        self._share = 0.0

    def note(self, now: float, share: float) -> None:
        """At `now` (seconds on any clock that only rises) `share` (0 to 1, never falling) was done."""
        self._share = share
        if not self._seen or now - self._seen[-1][0] >= (now - self._seen[0][0]) / _POINTS:
            self._seen.append((now, share))

    def remaining(self, now: float) -> float | None:
        """Seconds from `now` to the end; None while too little has been seen to say.

        >>> pace = Pace()
        >>> for second in range(11):
        ...     pace.note(second, second / 100)
        >>> pace.remaining(10)
        90.0
        """
        if not self._seen:
            return None
        first_at, first_share = self._seen[0]
        if now - first_at < _LEAST_SECONDS or self._share - first_share < _LEAST_SHARE:
            return None
        window = max(_WINDOW * (now - first_at), _WINDOW_SECONDS)
        at, share = self._seen[min(bisect_left(self._seen, (now - window, 0.0)), len(self._seen) - 1)]
        if self._share - share < _LEAST_SHARE / 2:  # a lull: the whole run says more than the window
            at, share = first_at, first_share
        left = (1.0 - self._share) * (now - at) / (self._share - share)
        return left if left < _LONGEST else None


def time_left(seconds: float | None) -> str:
    """Time left in words no more exact than the estimate; empty where it is not known.

    >>> time_left(3), time_left(16), time_left(400), time_left(None)
    ('a few seconds left', 'about 20 s left', 'about 7 min left', '')
    """
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"about {round(seconds / 10) * 10} s left"
    if seconds < 3600:
        return f"about {max(1, round(seconds / 60))} min left"
    return f"about {seconds / 3600:.1f} h left"
