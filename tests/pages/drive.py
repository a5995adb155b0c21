"""Opening the app without a browser: the frame with a page in it, on a home folder of the test's own."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.ingest import Mapping, load, open_source, propose
from core.store import Store

ROOT = Path(__file__).parents[2]
FRAME = ROOT / "pages" / "_ui" / "frame.py"
_SAYING = ("title", "subheader", "markdown", "caption", "info", "success", "warning", "error", "metric")


def opened(page: str, *, ws: str | None = None) -> AppTest:
    """The app with one of its pages open, in workspace `ws`; fails on any exception."""
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    if ws is not None:
        at.query_params["ws"] = ws
    at.run()
    at.switch_page(f"../{page}.py").run()
    assert not at.exception, at.exception
    return at


def words(at: AppTest) -> str:
    """All text of the page's main part, for looking up what it says; numbers as they are shown."""
    return "\n".join(str(getattr(e, "value", "")) for kind in _SAYING for e in at.main.get(kind)).replace("\\", "")


def loaded(store: Store, *files: Path, mapping: Mapping | None = None) -> None:
    """Load files as the page would, each as proposed (or by `mapping`)."""
    for file in files:
        copy = store.spool / f"upload-{uuid.uuid4().hex}"
        shutil.copyfile(file, copy)
        source = open_source(copy, name=file.name, spool=store.spool)
        proposed = mapping or propose(store, source).mapping
        with store.atomic() as writer:
            load(writer, [source], proposed)
