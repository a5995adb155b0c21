"""What tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import pytest


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
