"""Remaining time, on a clock that the test moves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.jobs.job import JobSpec
from core.jobs.live import Live
from core.jobs.pace import Pace


def reported(pace: Pace, begin: float, end: float, start: float, stop: float) -> None:
    """`pace` hears, each second from `begin` to `end`, shares growing evenly from `start` to `stop`."""
    steps = round(end - begin)
    for n in range(steps + 1):
        pace.note(begin + n, start + (stop - start) * n / steps)


@given(total=some.integers(10, 10_000), seen=some.floats(0.3, 0.95), late=some.floats(0, 1e6))
def test_even_work_is_foretold_exactly(total: int, seen: float, late: float) -> None:
    pace, until = Pace(), max(3, int(total * seen))
    for second in range(until + 1):
        pace.note(late + second, second / total)
    assert pace.remaining(late + until) == pytest.approx(total - until, rel=1e-6, abs=1e-6)


def test_nothing_is_said_too_early() -> None:
    pace = Pace()
    assert pace.remaining(0) is None
    pace.note(0, 0)
    pace.note(1, 0.3)
    assert pace.remaining(1) is None  # fast, but seen for a second only
    slow = Pace()
    reported(slow, 0, 10, 0, 0.01)
    assert slow.remaining(10) is None  # long, but hardly begun


def test_starting_up_is_not_slowness() -> None:
    pace = Pace()
    reported(pace, 60, 70, 0.0, 0.5)  # the first report came after a minute
    assert pace.remaining(70) == pytest.approx(10)


def test_it_follows_a_change_of_speed() -> None:
    pace = Pace()
    reported(pace, 0, 20, 0.0, 0.5)  # 40 s for the whole
    reported(pace, 21, 80, 0.5, 0.65)  # then ten times slower
    assert pace.remaining(80) == pytest.approx(0.35 / (0.15 / 59), rel=0.05)


def test_silence_makes_it_longer_never_shorter() -> None:
    pace = Pace()
    reported(pace, 0, 50, 0.0, 0.5)
    told = [pace.remaining(50 + silent) for silent in (0, 5, 10, 20, 100, 400)]
    assert told[0] == pytest.approx(50)
    assert all(a is not None and b is not None and a < b for a, b in pairwise(told))


def test_a_long_job_that_reports_often_is_told_to_the_end() -> None:
    pace, total = Pace(), 20_000
    for tenth in range(total * 10):
        pace.note(tenth / 10, tenth / (total * 10))
        if tenth % 9_973 == 9_000:
            assert pace.remaining(tenth / 10) == pytest.approx(total - tenth / 10, rel=0.01)
    assert len(pace._seen) < 5_000


def test_what_would_take_days_is_not_said() -> None:
    pace = Pace()
    reported(pace, 0, 10_000, 0.0, 0.03)
    assert pace.remaining(1e8) is None


def test_a_live_job_tells_elapsed_and_remaining() -> None:
    now = [100.0]
    live = Live(JobSpec("fit", "Fit"), "key", "compute", clock=lambda: now[0])
    assert (live.view().elapsed, live.view().remaining) == (0.0, None)
    now[0] = 130.0
    assert live.start()
    for share in (0.0, 0.1, 0.2, 0.15):  # a share never falls
        live.report(share, "x")
        now[0] += 10
    job = live.view()
    assert (job.status, job.share, job.elapsed) == ("running", 0.2, 40.0)
    assert job.remaining == pytest.approx(0.8 * 40 / 0.2)
    live.end(result={})
    now[0] += 1000
    assert (live.view().elapsed, live.view().remaining, live.view().share) == (40.0, None, 1.0)
