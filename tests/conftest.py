"""What all tests share: a home of their own, the real data sets (skipped by name where absent), Hypothesis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.prepared import workspace

ROOT = Path(__file__).parents[1]

# No deadline: on two busy cores the first example of a test is slow, and that is no defect.
settings.register_profile("limelight", deadline=None, print_blob=True)
settings.load_profile("limelight")


class SharedData:
    """The folder of real data sets beside the repository (or LIMELIGHT_SHARED_DATA)."""

    def __init__(self) -> None:
        self.root = Path(os.environ.get("LIMELIGHT_SHARED_DATA") or ROOT.parent / "shared" / "data")

    def path(self, name: str) -> Path:
        """A file or folder in it; skips the test, naming what is missing, where it is absent."""
        path = self.root / name
        if not path.exists():
            pytest.skip(f"no {name} in {self.root}")
        return path


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """LIMELIGHT_HOME for this run: tests never see, lock or change a person's own workspaces."""
    path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMELIGHT_HOME", str(path))
        yield path


@pytest.fixture(scope="session")
def shared_data() -> SharedData:
    """Real data sets by name: ``shared_data.path("cdnow/CDNOW_sample.txt")``."""
    return SharedData()


@pytest.fixture(scope="session")
def online_retail(shared_data: SharedData) -> Path:
    """UCI Online Retail, 541,909 lines of a British shop, gzipped CSV."""
    return shared_data.path("online-retail/OnlineRetail.csv.gz")


@pytest.fixture(scope="session")
def movielens(shared_data: SharedData) -> Path:
    """The folder of MovieLens latest-small: ratings.csv, movies.csv."""
    return shared_data.path("ml-latest-small")


@pytest.fixture(scope="session")
def cdnow(shared_data: SharedData) -> Path:
    """The CDNOW sample of Fader and Hardie, fixed columns."""
    return shared_data.path("cdnow/CDNOW_sample.txt")


@pytest.fixture(scope="session")
def sample() -> Path:
    """The folder of the synthetic sample shop that comes with the program."""
    return ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def sample_workspace(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample shop with its items and users, loaded as proposed: a file to copy, see tests/prepared.py."""
    return workspace(
        tmp_path_factory, "sample", [sample / name for name in ("events.csv.gz", "items.csv", "users.csv")]
    )


@pytest.fixture(scope="session")
def retail_workspace(online_retail: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Online Retail, loaded as proposed: a file to copy, see tests/prepared.py."""
    return workspace(tmp_path_factory, "retail", [online_retail])
