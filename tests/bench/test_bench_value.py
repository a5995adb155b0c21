"""Future value over ten million events, beside SQL written by hand; writes docs/benchmarks.md (`make bench`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.predict import ValueSpec, future_value, value_check
from core.predict.lifetime.orders import buyers, order_days
from core.store import Query, Store
from tests.bench.paper import put
from tests.bench.visit_shop import visit_shop

SUMMARY, RATIO = 1.5, 2.0
BY_HAND = """
SELECT user_no, count(*) - 1 AS x, max(day) - min(day) AS recency, DATE '2024-12-30' - min(day) AS age, avg(net) AS net
FROM (SELECT user_no, CAST(at_utc AS DATE) AS day, sum(value)::DOUBLE AS net FROM events
      WHERE event = 'purchase' AND user_no IS NOT NULL AND at_utc < TIMESTAMP '2024-12-31' GROUP BY ALL)
GROUP BY user_no
"""


@pytest.mark.bench
def test_future_value_of_millions_of_events() -> None:
    rows = []
    with Store(visit_shop()) as store:

        def told(name: str, work: Callable[[], object]) -> float:
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            spent = time.process_time() - cpu
            rows.append(f"| {name} | {time.perf_counter() - wall:.2f} | {spent:.2f} |")
            return spent

        def summary() -> None:
            days = order_days(store)
            assert not isinstance(days, str)
            assert len(buyers(days)) > 200_000

        hand = told("orders of users, SQL by hand", lambda: store.read(Query(BY_HAND)))
        ours = told("orders of users, for any date", summary)
        told("both models fitted, every buyer told, no intervals", lambda: future_value(store, ValueSpec(draws=0)))
        told("the same with 200 resamplings (a job)", lambda: future_value(store, ValueSpec()))
        told("the hold-out, no intervals", lambda: value_check(store, ValueSpec(draws=0)))
    text = (
        f"{datetime.now(UTC).date().isoformat()}, 10 million events (tests/bench/visit_shop.py), one run.\n\n"
        "| question | seconds | CPU seconds |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )
    print(f"\n{text}")
    assert ours < max(RATIO * hand, SUMMARY)
    put("Future value", text)
