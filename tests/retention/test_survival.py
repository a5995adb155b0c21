"""Survival curves: by hand, by another implementation, on hand-dated people, and on the sample's lapsing users."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.behaviour import EVERYTHING, count_people, resolve
from core.retention import ALL, Survive, kaplan_meier, log_rank, survival, survival_users, usual_silence
from core.store import Store
from tests.retention.test_cohorts import PEOPLE, Event, at, filled, many

# Freireich et al. 1963 (weeks in remission of leukaemia patients), as in Cox 1984 and most textbooks.
PILLS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
PILLS_SEEN = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
NONE = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_the_textbook() -> None:
    pills, none = kaplan_meier(PILLS, PILLS_SEEN), kaplan_meier(NONE, [1] * 21)
    told = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}  # as printed
    assert {day: round(float(pills.share[day]), 3) for day in told} == told
    assert [int(pills.at_risk[day]) for day in told] == [21, 17, 15, 12, 11, 7, 6]
    # R's survfit(conf.type = "log-log") at 6 and 23 weeks
    assert [round(float(v), 3) for v in (pills.low[6], pills.high[6])] == [0.620, 0.952]
    assert [round(float(v), 3) for v in (pills.low[23], pills.high[23])] == [0.188, 0.680]
    assert (pills.reached(), pills.reached(which="low"), pills.reached(which="high")) == (23, 13, None)
    assert none.reached() == 8
    statistic, p = log_rank([pills, none])
    assert round(statistic, 2) == 16.79  # the textbook's log-rank chi-square
    assert p == pytest.approx(4.17e-5, rel=0.01)


def test_log_rank_of_three_against_plain_sums() -> None:
    rng = np.random.default_rng(3)
    groups = [(rng.geometric(0.05 + 0.02 * g, 40), rng.random(40) < 0.7) for g in range(3)]
    days = np.concatenate([g[0] for g in groups])
    seen = np.concatenate([g[1] for g in groups])
    of = np.repeat(range(3), 40)
    score, spread = np.zeros(3), np.zeros((3, 3))
    for day in sorted(set(days[seen])):
        risk = np.array([((days >= day) & (of == g)).sum() for g in range(3)], dtype=float)
        died = np.array([((days == day) & seen & (of == g)).sum() for g in range(3)], dtype=float)
        n, d = risk.sum(), died.sum()
        score += died - d * risk / n
        if n > 1:
            spread += d * (n - d) / (n - 1) * (np.diag(risk / n) - np.outer(risk / n, risk / n))
    wanted = score[:2] @ np.linalg.solve(spread[:2, :2], score[:2])
    statistic, p = log_rank([kaplan_meier(*g) for g in groups])
    assert statistic == pytest.approx(wanted)
    assert p == pytest.approx(np.exp(-wanted / 2))  # chi-square with two degrees of freedom
    same = kaplan_meier(*groups[0])
    assert log_rank([same, same])[1] == pytest.approx(1)


@pytest.fixture
def people(tmp_path: Path) -> Any:
    with filled(tmp_path / "p.duckdb", PEOPLE) as store:
        yield store


def test_lapses_with_every_day(people: Store) -> None:
    """Data up to 23 March 23:00; after 5 days of silence whoever was last seen by the 18th, 23:00, has lapsed."""
    found = survival(people, Survive(silence=5))
    # ann: 3rd 9:00 to 10th 8:00, lapsed after 6 days; ben, back on the 20th: seen for 12 days and still there;
    # dan (12th 10:00) and eva (13th 10:00): lapsed at once
    rows = found.curves[found.curves["at_risk"] > 0][["day", "at_risk", "events", "censored"]].to_numpy().tolist()
    assert rows[0] == [0, 4, 2, 0]
    assert [row for row in rows if row[2] or row[3]] == [[0, 4, 2, 0], [6, 2, 1, 0], [13, 1, 0, 1]]
    assert found.curves["share"].tolist()[5:8] == [0.5, 0.25, 0.25]
    assert found.medians.iloc[0][["users", "events", "median"]].tolist() == [4, 3, 0]
    assert found.unseen == 0
    assert survival(people, Survive(silence=11)).unseen == 1, "eva was first seen less than 11 days before the end"


def test_the_second_order(people: Store) -> None:
    """Without order numbers a day's purchases are one order: ann's second comes 6 d 23 h after her first."""
    found = survival(people, Survive("again"))
    happened = found.curves[found.curves["events"] > 0][["day", "at_risk"]].to_numpy().tolist()
    assert happened == [[6, 2]], "ben was seen for 3 days only"
    assert found.medians.iloc[0]["users"] == 3


def test_the_usual_pause(tmp_path: Path) -> None:
    days = [0, 1, 3, 6, 10, 15, 21]
    events: list[Event] = [("ann", "view", at(day), None) for day in days]
    events.append(("bob", "view", at(30), None))
    with filled(tmp_path / "w.duckdb", events) as store:
        assert usual_silence(store, resolve(store, EVERYTHING)) == 6
    with filled(tmp_path / "o.duckdb", events[:1]) as store:
        assert "cannot be learned" in str(survival(store, Survive()).problem)


def test_the_users_behind_every_point(tmp_path: Path) -> None:
    with filled(tmp_path / "m.duckdb", many(5)) as store:
        for question in (Survive(silence=14, by="channel"), Survive("again")):
            found = survival(store, question)
            for part in found.parts:
                curve = found.curves[found.curves["part"] == part].set_index("day")
                users = int(curve["at_risk"].iloc[0])
                for day in (0, 9, 31):
                    counts = [
                        count_people(store, survival_users(store, question, day, side, part))
                        for side in ("happened", "staying", "unseen")
                    ]
                    upto = curve.loc[:day]
                    assert counts == [upto["events"].sum(), users - (upto["events"] + upto["censored"]).sum(),
                                      upto["censored"].sum()]  # fmt: skip
            assert len(found.parts) == 1 or found.tests[0].a == ALL
