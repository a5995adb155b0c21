"""Proof: the readout's 95 % interval holds the true uplift in 95 % of campaigns. Writes docs/proofs/readout.md.

Run by `make prove`, or alone: `pytest tests/prove/prove_readout.py -m prove`.
"""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.experiments import Arm, Effect, effect, readout
from core.experiments.effect import FEWEST_BUYERS
from core.store import Query, Store

PAPER = Path(__file__).parents[2] / "docs" / "proofs" / "readout.md"
RUNS, STORED = 2000, 200
SENT = datetime(2025, 3, 1, 6)
DAYS = 28
# Chance alone leaves these limits in about one of 2,000 such counts (2,000 and 200 runs at 95 %).
LOWEST, HIGHEST = 0.933, 0.967
LOWEST_STORED = 0.89
WIDEST = 0.99  # at rates of a few in a thousand the interval may be wider than it need be
LOWEST_VALUE = 0.92  # Welch's interval is for means of many; of skewed values it may be somewhat narrow


@dataclass(frozen=True)
class World:
    """A campaign as it truly is: sizes of the groups, rates, and how a buyer's value is drawn (gamma of this shape)."""

    contacted: int
    control: int
    rate_contacted: float
    rate_control: float

    @property
    def uplift(self) -> float:
        return self.rate_contacted - self.rate_control


WORLDS = (
    World(1200, 300, 0.208, 0.128),  # the sample's past campaign
    World(1200, 300, 0.128, 0.128),  # nothing happens
    World(5000, 5000, 0.021, 0.020),
    World(450, 50, 0.10, 0.06),
    World(900, 100, 0.02, 0.01),
    World(60, 40, 0.5, 0.3),
    World(20000, 1000, 0.004, 0.003),
)
STORED_WORLD = WORLDS[0]
MEAN_VALUE, SHAPE = 40.0, 2.0


@dataclass
class Count:
    """Over the runs of one world: how often each interval held the truth, and how often an effect was called."""

    runs: int = 0
    held: int = 0
    above: int = 0
    below: int = 0
    value_runs: int = 0
    value_held: int = 0
    called: int = 0
    withheld: int = 0

    def add(self, found: Effect, uplift: float, value: float) -> None:
        """One run more; the true difference of rates and of value per head."""
        if found.estimate is None or found.low is None or found.high is None or found.p is None:
            self.withheld += 1
            return
        self.runs += 1
        self.held += found.low <= uplift <= found.high
        self.above += uplift > found.high
        self.below += uplift < found.low
        self.called += found.p < 0.05
        if found.value_low is not None and found.value_high is not None:
            self.value_runs += 1
            self.value_held += found.value_low <= value <= found.value_high

    @property
    def coverage(self) -> float:
        return self.held / self.runs


def arm(name: str, users: int, rate: float, rng: np.random.Generator) -> Arm:
    """A group whose users buy with this chance, each for a value of their own."""
    values = np.zeros(users)
    buyers = int(rng.binomial(users, rate))
    values[:buyers] = rng.gamma(SHAPE, MEAN_VALUE / SHAPE, buyers)
    return Arm(name, users, buyers, buyers / users, float(values.mean()), float((values**2).mean()))


def simulated(world: World, runs: int, seed: int) -> Count:
    """Many campaigns of one world, through core.experiments.effect."""
    rng, count = np.random.default_rng(seed), Count()
    for _ in range(runs):
        contacted = arm("contacted", world.contacted, world.rate_contacted, rng)
        control = arm("control", world.control, world.rate_control, rng)
        count.add(effect(contacted, control), world.uplift, world.uplift * MEAN_VALUE)
    return count


def stored(store: Store, world: World, runs: int, seed: int) -> Count:
    """Many campaigns of one world, each dealt by lot, saved, put into the workspace as events and read out.

    Purchases fall before, within and after the window; some of those within are wholly returned and count for nothing.
    """
    rng, count = np.random.default_rng(seed), Count()
    users = world.contacted + world.control
    with store.atomic() as writer:
        writer.run(Query("INSERT INTO users SELECT i::INTEGER, 'u' || i FROM range(?) r(i)", (users,)))
        writer.run("INSERT INTO items SELECT i::INTEGER, 'i' || i FROM range(50) r(i)")
        values = ("lot", SENT, SENT, DAYS, "purchase", "[]", world.control / users, "{}")
        writer.run(Query("INSERT INTO saved_lists VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values))
        batch = "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, ?, NULL, 'append', 0, 0)"
        writer.run(Query(batch, (SENT + timedelta(days=365),)))
    for _ in range(runs):
        control = np.zeros(users, dtype=bool)
        control[rng.permutation(users)[: world.control]] = True
        buys = rng.random(users) < np.where(control, world.rate_control, world.rate_contacted)
        members = pa.table(
            {
                "user_id": pa.array([f"u{n}" for n in range(users)]),
                "arm": pa.array(np.where(control, "control", "contacted")),
            }
        )
        with store.atomic() as writer:
            writer.run("DELETE FROM events")
            writer.run("DELETE FROM saved_members")
            with writer.table("incoming", members):
                writer.run("INSERT INTO saved_members SELECT 'lot', arm, user_id, NULL, NULL FROM incoming")
            with writer.table("incoming", events(buys, rng)):
                writer.run("INSERT INTO events BY NAME SELECT * FROM incoming")
        found = readout(store, "lot")
        assert [a.responses for a in found.arms] == [int(buys[~control].sum()), int(buys[control].sum())]
        count.add(found.effect, world.uplift, world.uplift * MEAN_VALUE)
    return count


def events(buys: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """A purchase within the window for each who buys; for others, one outside it, or one that is sent back."""
    users = np.arange(len(buys), dtype=np.int32)
    place = rng.integers(0, 4, len(buys))  # of those who do not buy: before, after, sent back, nothing
    back = ~buys & (place == 2)
    day = 86_400_000_000
    offset = rng.integers(0, (DAYS - 1) * day, len(buys))
    offset = np.where(buys | back, offset, np.where(place == 0, -1 - offset, DAYS * day + offset))
    some = buys | (place < 3)
    value = np.round(rng.gamma(SHAPE, MEAN_VALUE / SHAPE, len(buys)), 2)
    sign = np.concatenate([np.ones(int(some.sum())), -np.ones(int(back.sum()))])
    who = np.concatenate([users[some], users[back]])
    at = np.concatenate([offset[some], offset[back] + day // 2])
    begin = int(SENT.replace(tzinfo=UTC).timestamp()) * 1_000_000
    return pa.table(
        {
            "user_no": pa.array(who),
            "item_no": pa.array((who % 50).astype(np.int32)),
            "event": pa.array(np.where(sign > 0, "purchase", "return")),
            "at_utc": pa.array(begin + at, pa.timestamp("us")),
            "quantity": pa.array(sign),
            "value": pa.array(np.concatenate([value[some], -value[back]])).cast(pa.decimal128(18, 4)),
            "batch_no": pa.array(np.ones(len(who), dtype=np.int32)),
        }
    )


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_the_interval_holds_the_truth_in_95_of_100_campaigns(tmp_path: Path) -> None:
    begin = time.monotonic()
    counts = [simulated(world, RUNS, seed) for seed, world in enumerate(WORLDS)]
    with Store(tmp_path / "lot.duckdb") as store:
        whole = stored(store, STORED_WORLD, STORED, 99)
    PAPER.write_text(paper(counts, whole, time.monotonic() - begin), encoding="utf-8")
    for count in counts:
        assert count.coverage >= LOWEST, "the interval is too narrow"
        assert count.coverage <= WIDEST, "it is far too wide"
        if count.value_runs >= 1000:
            assert count.value_held / count.value_runs >= LOWEST_VALUE, "the interval of the value is too narrow"
    nothing = counts[1]
    assert nothing.called / nothing.runs <= 1 - LOWEST, "an effect is called where there is none"
    assert whole.withheld == 0
    assert whole.coverage >= LOWEST_STORED


def paper(counts: list[Count], whole: Count, seconds: float) -> str:
    """The proof as it is committed."""
    runs, held = sum(c.runs for c in counts), sum(c.held for c in counts)
    named = "true uplift | interval holds it | truth above | truth below | p below 0.05 | value has an interval | holds"
    lines = [
        "# The readout's interval holds the truth",
        "",
        f"{datetime.now(UTC):%d %B %Y}, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, {seconds:.0f} s. Written by `tests/prove/prove_readout.py` (`make prove`).",
        "",
        f"Of each world below {RUNS:,} campaigns were drawn: users of each group buy with the group's true chance, a "
        f"buyer for {MEAN_VALUE:.0f} on average (gamma, shape {SHAPE:.0f}); each was read as `core.experiments.effect` "
        "does. Counted is how often the 95 % interval of the difference of rates (Newcombe's method 10) holds the true "
        f"difference. Chance alone leaves {LOWEST:.1%} to {HIGHEST:.1%} about once in 2,000 such counts.",
        "",
        f"| contacted | control | true rates | {named} |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(row(world, count) for world, count in zip(WORLDS, counts, strict=True)),
        "",
        f"All together: {held / runs:.2%} of {runs:,}; {sum(c.withheld for c in counts)} gave no estimate, since "
        "nobody had responded. In the world without effect, an effect is called about once in twenty, as "
        "95 % means. p is that of the z test, which is rough where few respond; the note then says so, "
        "and an effect is claimed only where the interval agrees.",
        "",
        "The last two columns are of the value per head (Welch's interval). It is given only where each group's value "
        f"rests on at least {FEWEST_BUYERS:.0f} buyers (Kish's effective number), and held the truth so often. "
        "The first run of this proof, without that rule, found it to hold only 84 % to 86 % in the three worlds with "
        "fewest buyers.",
        "",
        f"The whole way, {STORED} campaigns of the first world: groups dealt by lot, kept as a saved list, purchases "
        "before, within and after the window and some of them wholly returned, put in as events, read by "
        f"`core.experiments.readout`. Each group's buyers were counted exactly in {whole.runs} of {STORED}; the "
        f"interval held the true uplift in {whole.held} ({whole.coverage:.1%}; at least {LOWEST_STORED:.0%} required), "
        f"Welch's that of the value in {whole.value_held} of {whole.value_runs}.",
    ]
    return "\n".join(lines) + "\n"


def row(world: World, count: Count) -> str:
    """One line of the table."""
    rates = f"{world.rate_contacted:.1%} / {world.rate_control:.1%}"
    value = f"{count.value_held / count.value_runs:.1%}" if count.value_runs >= 100 else "-"
    shares = (count.held, count.above, count.below, count.called, count.value_runs)
    told = " | ".join(f"{share / count.runs:.1%}" for share in shares)
    size = f"{world.contacted:,} | {world.control:,}"
    return f"| {size} | {rates} | {100 * world.uplift:.1f} points | {told} | {value} |"
