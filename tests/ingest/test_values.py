"""The values of a column, counted over the whole file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ingest import open_source, value_counts
from tests.examples import examples
from tests.prepared import new_store


def test_the_commonest_come_first_trimmed_and_blanks_are_left_out(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        file = store.spool / "upload-values.csv"
        file.write_text('user,"what ""it"" was"\na,buy\nb, buy \nc,view\nd,\ne,"  "\nf,zap\n')
        source = open_source(file, spool=store.spool)
        assert value_counts(store, source, source.columns[1]) == [("buy", 2), ("view", 1), ("zap", 1)]
        assert value_counts(store, source, source.columns[1], most=1) == [("buy", 2)]


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["pv", "buy", "cart", "fav ", "0"]), min_size=1, max_size=60))
def test_it_counts_as_python_does(tmp_path: Path, values: list[str]) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        file = store.spool / "upload-law.csv"
        file.write_text("user,action\n" + "".join(f"u{k},{v}\n" for k, v in enumerate(values)))
        source = open_source(file, spool=store.spool)
        assert dict(value_counts(store, source, "action")) == Counter(v.strip() for v in values)
