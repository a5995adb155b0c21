"""A full disk in the middle of a load: a refusal, nothing changed, and the workspace goes on working."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.bench.shop_file import write_shop_file
from tests.prepared import once

# A limit on file size stands for a full disk: writing beyond it fails in the same place, without a mount of its own.
PROGRAM = """
import json, resource, signal, sys
from pathlib import Path
from core.errors import Refusal
from core.ingest import ColumnMap, Mapping, load, open_source
from core.store import Query, Store

workspace, large, small, limit = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
roles = {"user_id": "user", "item_id": "item", "event_type": "event", "event_time": "time", "order_id": "order"}

def count(store):
    return store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"]

def load_file(store, file):
    source = open_source(file, spool=store.spool)
    names = [ColumnMap(name, role) for name, role in roles.items()]
    with store.atomic() as writer:
        return load(writer, [source], Mapping("events", tuple(names))).rows_loaded

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Store(workspace, reads=[large, small]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        load_file(store, large)
        refused = None
    except Refusal as error:
        refused = error.as_json()
    after = count(store)
    again = load_file(store, small)
with Store(workspace) as store:
    print(json.dumps({"refused": refused, "after": after, "again": again, "kept": count(store)}))
"""


@pytest.fixture
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "shop-600000.csv", partial(write_shop_file, rows=600_000))


_in_a_proof = partial(pytest.param, marks=pytest.mark.prove)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits on file size are not known there")
@pytest.mark.parametrize("limit", [_in_a_proof(1_500_000), 3_000_000, _in_a_proof(6_000_000)])
def test_a_full_disk_is_refused_and_the_workspace_goes_on(tmp_path: Path, large: Path, limit: int) -> None:
    small = tmp_path / "small.csv"
    write_shop_file(small, 100)
    words = [sys.executable, "-c", PROGRAM, str(tmp_path / "w.duckdb"), str(large), str(small), str(limit)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["refused"]["code"] == "disk_full"
    assert "w.duckdb" in found["refused"]["message"]
    assert (found["after"], found["again"], found["kept"]) == (0, 100, 100)
