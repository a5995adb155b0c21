"""Opening the app without a browser: the frame with a page in it, on a home folder of the test's own."""

from __future__ import annotations

import shutil
import time
import uuid
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.ingest import Mapping, load, open_source, propose
from core.jobs import runner_for
from core.store import Store, list_workspaces, open_workspace
from core.store.folders import open_folders
from pages._ui.upload_box import KEY
from pages._ui.uploads import Box

ROOT = Path(__file__).parents[2]
FRAME = ROOT / "pages" / "_ui" / "frame.py"
_SAYING = ("title", "subheader", "markdown", "caption", "info", "success", "warning", "error", "metric")


def opened(page: str, *, ws: str | None = None) -> AppTest:
    """The app with one of its pages open, in workspace `ws`; fails on any exception."""
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    if ws is not None:
        at.query_params["ws"] = ws
    if page != "home":  # which draws a dozen figures: pages are opened by their address, not by way of it
        at.switch_page(f"../{page}.py")
    at.run()
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


def upload(at: AppTest, *files: tuple[str, str | bytes]) -> AppTest:
    """Give files to the page's upload box, as the browser's half of it would, and wait until they are looked at."""
    box: Box = at.session_state[KEY]
    given = [(name, text.encode() if isinstance(text, str) else text) for name, text in files]
    begun = box.begin([(name, len(content)) for name, content in given])
    for one, (_, content) in zip(begun, given, strict=True):
        box.append(one, 0, content)
    box.ready([one.id for one in begun])
    at.run()
    return settled(at)


def settled(at: AppTest) -> AppTest:
    """The page once nothing is being looked at and no job runs."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert not at.exception, at.exception
        if not at.main.get("progress") and not _active():
            return at.run()
        at.run()
        while _active() and time.monotonic() < until:  # looked at once while it runs: a run of a page costs more
            time.sleep(0.02)
    raise AssertionError("the page did not settle")


def _active() -> bool:
    stores = [open_workspace(name, create=False) for name in list_workspaces()]
    return any(job.active for store in stores for job in runner_for(store).jobs())


def button(at: AppTest, label: str) -> AppTest:
    """Press the button whose label starts so."""
    found = [b for b in at.button if b.label.startswith(label)]
    assert found, [b.label for b in at.button]
    found[0].click().run()
    return settled(at)


def selectbox(at: AppTest, label: str):  # type: ignore[no-untyped-def]  # AppTest's own type
    return next(s for s in at.selectbox if s.label == label)


def spooled() -> set[Path]:
    """What lies in the spool, which all workspaces of this process share."""
    return set(open_folders()[0].iterdir())


def my_data() -> Store:
    return open_workspace("my-data", create=False)
