"""Retention on Online Retail against pandas, and the sample's planted lapsing users."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from core.retention import ALL, Retain, Survive, retention, survival
from core.segments import InGroup, Segment, keep_users, save_segment
from core.store import Query, Store
from tests.prepared import copied


def test_online_retail_by_first_purchase(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path)) as store:
        found = retention(store, Retain("month", start="purchase", back="purchase"))
        rows = store.read(
            Query("SELECT DISTINCT user_no, at_utc FROM events WHERE event = 'purchase' AND user_no IS NOT NULL")
        ).to_pandas()
    rows["month"] = rows["at_utc"].dt.to_period("M")
    rows["cohort"] = rows.groupby("user_no")["month"].transform("min")
    rows["n"] = (rows["month"] - rows["cohort"]).map(lambda gap: gap.n)
    wanted = rows.groupby(["cohort", "n"])["user_no"].nunique()
    got = {(pd.Period(r["cohort"], "M"), r["slot"]): r["returned"] for r in found.cells.to_dict("records")}
    assert {key: n for key, n in got.items() if n} == wanted.to_dict()
    sizes = found.cohorts["size"].tolist()
    assert (sizes[:3], sum(sizes)) == ([885, 417, 380], 4339)
    first = found.cells[found.cells["cohort"] == found.cohorts["start"].iloc[0]]
    assert [round(100 * v, 1) for v in first["share"][:5]] == [100.0, 36.6, 32.3, 38.4, 36.3]
    # December 2011 ends on the 9th
    assert first["complete"].tolist() == [True] * 12 + [False]


def test_lapsing_users_of_the_sample_leave(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    with (sample / "truth_users.csv").open(encoding="utf-8", newline="") as file:
        roles = {row["user_id"]: row["role"] for row in csv.DictReader(file)}
    with Store(copied(sample_workspace, tmp_path)) as store:
        share, tests = {}, {}
        for role in ("lapsing", "loyal"):
            ids = tuple(user for user, own in roles.items() if own == role)
            marks = ", ".join("?" for _ in ids)
            chosen = Query(f"SELECT user_no FROM users WHERE user_id IN ({marks})", ids)
            keep_users(store, f"planted {role}", chosen, role)
            save_segment(store, Segment(role, InGroup(f"planted {role}")))
            found = survival(store, Survive(silence=75, by=f"segment:{role}"))
            assert found.parts == (ALL, role, f"Not in {role}")
            curve = found.curves[found.curves["part"] == role].set_index("day")["share"]
            share[role], tests[role] = (float(curve.loc[60]), float(curve.loc[240])), found.tests[0].p
    assert share["lapsing"][0] > 0.9, "they come at first"
    assert share["lapsing"][1] < 0.5, share
    assert share["loyal"][1] > 0.97, share
    assert max(tests.values()) < 1e-6
