"""What all tests share: a home of their own, the real data sets (skipped by name where absent), Hypothesis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# One numeric thread for each process, before NumPy is first imported: several workers share the cores, and threads that
# wait for each other's turn cost more than they compute. Tests of two threads ask for two (threadpool_limits).
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from tests.examples import examples  # noqa: E402
from tests.prepared import workspace  # noqa: E402

ROOT = Path(__file__).parents[1]

# No deadline: on two busy cores the first example of a test is slow, and that is no defect.
settings.register_profile("limelight", deadline=None, print_blob=True, max_examples=examples(100))
settings.load_profile("limelight")


# The files with the longest single tests: begun last, one would run on while other workers have nothing left to do.
FIRST = (
    "tests/test_readme.py",
    "tests/test_sample.py",
    "tests/test_imports.py",
    "tests/evaluate/test_real.py",
    "tests/quality/test_recovery.py",
    "tests/commands/test_cli_doc.py",
    "tests/recommend/test_accuracy.py",
    "tests/segments/test_watch.py",
    "tests/ingest/test_many_loads.py",
    "tests/segments/test_meaning.py",
    "tests/takeout/test_round_trip.py",
    "tests/jobs/test_compute.py",
    "tests/ingest/test_load_disk.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, the rest as it was: what a file's tests share is still made once. Tests of laws are marked."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.laws)
    place = {str(ROOT / name): n for n, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(str(item.path), len(place)))


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
