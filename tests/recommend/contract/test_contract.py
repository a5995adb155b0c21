"""Every model of the registry passes every check: enumerated, so that none escapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recommend import NAMES
from tests.recommend.contract.matrices import maker
from tests.recommend.contract.suite import CHECKS, Check

MAKERS = {name: maker(name) for name in NAMES}  # one of each, by which what it fitted is known again


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(name: str, check: Check, tmp_path: Path) -> None:
    check(MAKERS[name], tmp_path)
