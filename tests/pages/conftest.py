"""What tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from core.store import Store, close_workspace, list_workspaces, open_workspace
from tests.segments.people import PEOPLE
from tests.segments.world import prepare, put


@pytest.fixture(scope="session", autouse=True)
def _scripts_compiled_once() -> Iterator[None]:
    """Each AppTest compiles the frame and the page anew; the files do not change while tests run."""
    from streamlit.runtime.scriptrunner.script_cache import ScriptCache

    shared = ScriptCache()
    with pytest.MonkeyPatch.context() as patch:
        compiled = cache(partial(ScriptCache.get_bytecode, shared))
        patch.setattr(ScriptCache, "get_bytecode", lambda _, path: compiled(path))
        yield


@pytest.fixture(scope="session", autouse=True)
def _components_looked_for_once() -> Iterator[None]:
    """Each AppTest reads the description of every installed package, in search of components; none comes or goes."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own; its workspaces are closed at the end."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture
def shop(own_home: Path) -> Store:
    """The people of tests/segments/people.py as workspace "shop", for tests of the page Segments."""
    store = open_workspace("shop")
    prepare(store)
    put(store, PEOPLE)
    return store
