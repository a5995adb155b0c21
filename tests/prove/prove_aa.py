"""Proof: of two models that are equally good, a comparison seldom calls one the winner. Writes docs/proofs/aa.md.

Run by `make prove`, or alone: `pytest tests/prove/prove_aa.py -m prove`.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.evaluate import METRICS, CompareSpec, Comparison, Difference, comparison_from_json, prepare_compare
from core.evaluate.bootstrap import paired, resampled_means
from core.evaluate.task import compare_task
from core.interactions import Interactions
from core.progress import Step, no_step
from core.recommend import Recommender, Spec, info, make, registry, spec
from core.store import Store
from tests.behaviour.world import E, build

_NDCG = METRICS.index("ndcg")
PAPER = Path(__file__).parents[2] / "docs" / "proofs" / "aa.md"
SEEDS = 200
MOST = 18  # 5 % of 200 is 10; chance alone exceeds 18 in 0.5 % of such proofs
USERS, ITEMS, TAKEN, TASTES = 250, 80, 12, 4
SETTINGS = {"factors": 8}  # and the default number of rounds


def again(asked: Spec) -> Recommender:
    """The model iALS, started from other random numbers than the one beside it: the same in distribution."""
    model = make(spec("ials", dict(asked.params)))
    fit = model.fit

    def other(x: Interactions, *, seed: int = 0, step: Step = no_step) -> Recommender:
        return fit(x, seed=seed + 1_000_003, step=step)

    model.fit = other  # type: ignore[method-assign]
    return model


def events(seed: int) -> pa.Table:
    """Users of four tastes, each with twelve purchases in an order of their own, one a day."""
    rng = np.random.default_rng(seed)
    popularity = rng.gamma(0.7, size=ITEMS) + 0.05
    belongs = rng.integers(TASTES, size=ITEMS)
    items = []
    for _ in range(USERS):
        chance = popularity * np.where(belongs == rng.integers(TASTES), 8.0, 1.0)
        items.append(rng.choice(ITEMS, size=TAKEN, replace=False, p=chance / chance.sum()))
    days = np.tile(np.arange(TAKEN), USERS) * 86_400_000_000
    seconds = np.repeat(np.arange(USERS), TAKEN) * 1_000_000
    return pa.table(
        {
            "user_no": pa.array(np.repeat(np.arange(USERS, dtype=np.int32), TAKEN)),
            "item_no": pa.array(np.concatenate(items).astype(np.int32)),
            "event": pa.array(["purchase"] * (USERS * TAKEN)),
            "at_utc": pa.array(1_735_689_600_000_000 + days + seconds, pa.timestamp("us")),
            "batch_no": pa.array(np.ones(USERS * TAKEN, dtype=np.int32)),
        }
    )


@dataclass(frozen=True)
class Trial:
    """One comparison of popularity and the two, the difference between the two, and p when a coin has swapped them."""

    found: Comparison
    between: Difference
    swapped: float

    @property
    def winner(self) -> str | None:
        return self.found.verdict.winner


def empty(path: Path) -> Store:
    """A workspace that knows all users and items, under the numbers of `events`."""
    known = [E("u0", f"i{n}", "view", "2025-01-01") for n in range(ITEMS)]
    return build(path, known + [E(f"u{n}", "i0", "view", "2025-01-01") for n in range(USERS)])


def trial(store: Store, seed: int) -> Trial:
    """The workspace's events made anew, and compared as an analyst would."""
    with store.atomic() as writer, writer.table("incoming", events(seed)):
        writer.run("DELETE FROM events")
        writer.run("INSERT INTO events BY NAME SELECT * FROM incoming")
    question = CompareSpec((spec("ials", SETTINGS), spec("ials-again", SETTINGS)), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        told = compare_task(question.as_json(), prepare_compare(store, question), Path(folder))
        labels = [str(model["label"]) for model in told["models"]]
        places = [labels.index(name) for name in ("ials", "ials-again")]
        one, other = (np.load(Path(folder) / f"metrics_{n}.npy")[:, _NDCG] for n in places)
    found = comparison_from_json(told)
    heads = np.random.default_rng(seed).random(len(one)) < 0.5
    values = np.stack([np.where(heads, one, other), np.where(heads, other, one)], axis=1)
    swapped = paired(values, resampled_means(values, seed=seed), 0, 1)[1]
    between = next(d for d in found.differences if {d.a, d.b} == {"ials", "ials-again"})
    return Trial(found, between, swapped)


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_equal_models_are_seldom_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twin = replace(info("ials"), name="ials-again", plain="Hidden tastes again", module=__name__, cls="again")
    monkeypatch.setattr(registry, "MODELS", (*registry.MODELS, twin))
    begin = time.monotonic()
    with empty(tmp_path / "shop.duckdb") as store:
        trials = [trial(store, seed) for seed in range(SEEDS)]
    PAPER.write_text(paper(trials, time.monotonic() - begin), encoding="utf-8")
    assert sum(t.between.difference != 0 for t in trials) > SEEDS * 0.9, "they must be two models, not one twice"
    assert sum("ials" in t.found.verdict.beats_popularity for t in trials) > SEEDS / 2, "it must be able to find"
    assert wins(trials) <= MOST
    assert alarms(trials) <= MOST
    assert sum(t.swapped < 0.05 for t in trials) <= MOST


def wins(trials: list[Trial]) -> int:
    """Trials in which one of the two was called the winner."""
    return sum(t.winner in ("ials", "ials-again") for t in trials)


def alarms(trials: list[Trial], level: float = 0.05) -> int:
    """Trials in which the p of the two, before any correction, was below `level`."""
    return sum(t.between.p < level for t in trials)


def paper(trials: list[Trial], seconds: float) -> str:
    """The proof as it is committed."""
    said = Counter(t.winner or "no winner" for t in trials)
    held = sum(t.between.low <= 0 <= t.between.high for t in trials)
    swaps = sum(t.swapped < 0.05 for t in trials)
    users = trials[0].found.facts["users"]
    rounds = spec("ials", SETTINGS)["epochs"]
    beats = sum("ials" in t.found.verdict.beats_popularity for t in trials)
    means = np.mean([[m.metrics["ndcg"].value for m in t.found.models] for t in trials], axis=0)
    lines = [
        "# Equal models are seldom told apart",
        "",
        f"{datetime.now(UTC):%d %B %Y}, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, {seconds:.0f} s. Written by `tests/prove/prove_aa.py` (`make prove`).",
        "",
        f"{len(trials)} small shops were drawn ({USERS} users of {TASTES} tastes, {ITEMS} items, {TAKEN} purchases a "
        "user), and in each three models were compared as `core.evaluate.compare` does, leave-last-out: popularity, "
        f"and iALS ({SETTINGS['factors']} tastes, {rounds} rounds) twice, the second time from other random numbers. "
        f"The two are equally good in the long run, though never the same list. About {users} users are judged. "
        f"Average NDCG@10: popularity {means[0]:.3f}, iALS {means[1]:.3f} and {means[2]:.3f}.",
        "",
        "| what was said | times |",
        "|---|---|",
        f"| one of the two equal models is the winner (at most {MOST} allowed) | {wins(trials)} |",
        f"| popularity is the winner | {said['popular']} |",
        f"| no winner | {said['no winner']} |",
        "",
        "| the two equal models | times |",
        "|---|---|",
        f"| p below 0.05 before Holm's correction (10 expected, at most {MOST} allowed) | {alarms(trials)} |",
        f"| p below 0.05 after it (three comparisons) | {sum(t.between.p_holm < 0.05 for t in trials)} |",
        f"| p below 0.20 before it (40 expected) | {alarms(trials, 0.20)} |",
        f"| p below 0.50 before it (100 expected) | {alarms(trials, 0.50)} |",
        f"| the 95 % interval of their difference holds 0 (190 expected) | {held} |",
        f"| p below 0.05 when a coin swaps the two for each user (10 expected) | {swaps} |",
        f"| exactly the same figure | {sum(t.between.difference == 0 for t in trials)} |",
        "",
        "The test speaks of other users, not of another start of the same model: of two fitted models one is always a "
        "little better, so somewhat more than the 5 % of pure chance is to be expected. Swapped by a coin, the two are "
        "equal without that reserve.",
        "",
        "History: with 5 rounds the first two runs of this proof counted 11 and 17 of 200; the number of rounds was "
        "then set to the models' default, 15, and the coin was added. No run went over 18.",
        "",
        f"The same procedure finds what is there: iALS was surely ahead of popularity in {beats} of {len(trials)}.",
    ]
    return "\n".join(lines) + "\n"
