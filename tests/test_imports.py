"""Imports only go down, and pages stay thin: the real code is in order, and each planted breach is caught."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.import_rules import MAX_LINES, SQL, sources, violations

ROOT = Path(__file__).parents[1]


def test_the_house_is_in_order() -> None:
    assert violations(sources(ROOT)) == []


def test_the_rules_read_real_files() -> None:
    """An empty list above must mean good code, not no code."""
    files = sources(ROOT)
    assert "app.py" in files
    assert any(f.startswith("core/store/") for f in files)
    assert any(f.startswith("pages/_ui/") for f in files)


def test_a_command_does_not_wait_for_libraries_that_it_does_not_use() -> None:
    """They take three times as long to import as all of Limelight."""
    code = (
        "import contextlib, sys; from core.__main__ import main\n"
        "with contextlib.suppress(SystemExit): main(['load', '--help'])\n"
        "print('core.ingest' in sys.modules, {'pandas', 'plotly', 'scipy', 'sklearn', 'numba'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "True set()"


PLANTED = {
    "streamlit under core": ({"core/store/a.py": "import streamlit as st"}, "core knows no browser"),
    "streamlit, late": ({"core/store/a.py": "def f():\n    from streamlit import x"}, "core knows no browser"),
    "streamlit, by name": (
        {"core/jobs/a.py": "import importlib\nimportlib.import_module('streamlit')"},
        "core knows no browser",
    ),
    "duckdb in a page": ({"pages/home.py": "import duckdb"}, "never the database"),
    "duckdb in the app": ({"app.py": "from duckdb import connect"}, "never the database"),
    "plotly in a page": ({"pages/home.py": "import plotly.express as px"}, "only core/figures draws"),
    "plotly in a capability": ({"core/behaviour/a.py": "import plotly"}, "only core/figures draws"),
    "SQL in a page": ({"pages/home.py": "q = 'SELECT user_no FROM events'"}, "SQL in a page"),
    "SQL in an f-string": ({"pages/home.py": "q = f'select {c} from events'"}, "SQL in a page"),
    "page aggregates": ({"pages/home.py": "t = df.groupby('user').sum()"}, "a page aggregates"),
    "store looks up": ({"core/store/a.py": "from core.ingest import load"}, "upward import: store -> ingest"),
    "store looks up for types": (
        {"core/store/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from core.jobs import Job"},
        "upward import: store -> jobs",
    ),
    "capability looks up": ({"core/ingest/a.py": "from core.jobs import Job"}, "upward import: ingest -> jobs"),
    "relative import upward": ({"core/store/a.py": "from ..ingest import load"}, "upward import: store -> ingest"),
    "errors look up": ({"core/errors.py": "import core.store"}, "upward import: errors -> store"),
    "core imports a page": ({"core/jobs/a.py": "from pages._ui import state"}, "upward import: pages._ui"),
    "jobs and figures": ({"core/jobs/a.py": "from core.figures import f"}, "neighbours do not import each other"),
    "page uses the command line": ({"pages/home.py": "from core.commands import load"}, "side by side"),
    "strangers": ({"core/ingest/a.py": "from core.segments import Rule"}, "capabilities do not import each other"),
    "not the published type": (
        {"core/campaigns/a.py": "from core.segments.grid import secret"},
        "capabilities meet through published types",
    ),
    "page looks behind the root": ({"pages/data.py": "from core.ingest.load import run"}, "use the package root"),
    "page takes a private module by its root": (
        {"pages/data.py": "from core.ingest import load", "core/ingest/load.py": "", "core/ingest/__init__.py": ""},
        "use the package root",
    ),
    "package without a layer": ({"pages/home.py": "import core.magic"}, "has no layer"),
    "program imports tests": ({"core/store/a.py": "from tests.conftest import x"}, "does not import tests"),
    "long file": ({"core/store/a.py": "x = 1\n" * (MAX_LINES + 1)}, "more than 350 lines"),
    "cycle of two": (
        {"core/store/a.py": "import core.store.b", "core/store/b.py": "from core.store.a import x"},
        "cycle: core.store.a -> core.store.b -> core.store.a",
    ),
    "cycle through the root": (
        {"core/store/__init__.py": "from core.store.a import x", "core/store/a.py": "from core.store import y"},
        "cycle: core.store -> core.store.a -> core.store",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), PLANTED.values(), ids=PLANTED.keys())
def test_planted_breach_is_caught(files: dict[str, str], expected: str) -> None:
    found = violations(files)
    assert any(expected in line for line in found), found


ALLOWED = {
    "down": {"core/ingest/a.py": "from core.store import Query\nfrom core.errors import Refusal"},
    "published": {"core/campaigns/a.py": "from core.segments import Segment\nfrom core.segments.types import Rule"},
    "page through roots": {"pages/a.py": "from core.ingest import load\nfrom core.figures.home import events"},
    "the root binds the name": {
        "pages/data.py": "from core.ingest import load",
        "core/ingest/__init__.py": "from core.ingest.load import load",
        "core/ingest/load.py": "def load(): ...",
    },
    "figures draw": {"core/figures/a.py": "import plotly.graph_objects as go"},
    "types of a neighbour module": {
        "core/store/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from core.store.b import B",
        "core/store/b.py": "import core.store.a",
    },
    "command line": {"core/__main__.py": "from core.commands import x", "core/commands/a.py": "import core.jobs"},
    "words": {"pages/a.py": "'''SELECT x FROM y'''\nst.caption('Select a file from the server, then update it')"},
}


@pytest.mark.parametrize("files", ALLOWED.values(), ids=ALLOWED.keys())
def test_good_code_passes(files: dict[str, str]) -> None:
    assert violations(files) == []


@pytest.mark.parametrize(
    "text",
    ["select * from events", "WITH a AS (SELECT 1) SELECT * FROM a", "insert into t values (1)", "DELETE FROM events",
     "select a, count(*) as n from t", "CREATE OR REPLACE TABLE t AS x", "drop table t", "PRAGMA table_info('t')"],
)  # fmt: skip
def test_sql_is_recognised(text: str) -> None:
    assert SQL.search(text)


@pytest.mark.parametrize(
    "text",
    ["Select a segment from the list", "Choose users from the grid", "Updated with the newest data", "Copy the address",
     "Delete this segment", "Users who came from an ad", "with a campaign as the source", "drop a file here"],
)  # fmt: skip
def test_prose_is_not_sql(text: str) -> None:
    assert not SQL.search(text)
