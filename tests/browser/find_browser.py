"""Find a Chromium or Chrome on this machine, or install one: ``python -m tests.browser.find_browser``.

Looked at in this order: the environment variable LIMELIGHT_BROWSER, the usual names on the PATH, the usual places of
macOS and Windows, Playwright's cache. Each is asked for its version, since a name can be a stub (Ubuntu's
chromium-browser without snap). Where none answers: Playwright's download, then the system's package manager.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
CACHED = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium-*/chrome-win*/chrome.exe",
    "chromium_headless_shell-*/*/*headless_shell*",
)
MANAGERS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("apt-get", (("update", "-qq"), ("install", "-y", "-qq", "--no-install-recommends", "chromium"))),
    ("dnf", (("install", "-y", "-q", "chromium"),)),
    ("apk", (("add", "--quiet", "chromium"),)),
    ("brew", (("install", "--quiet", "--cask", "chromium"),)),
)
DOWNLOAD_SECONDS = 180
PACKAGE_SECONDS = 600

Run = Callable[[Sequence[str], int], bool]


def answers(path: str) -> bool:
    """Whether the program at ``path`` starts and names its version."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and any(c.isdigit() for c in done.stdout)


def candidates() -> Iterator[str]:
    """Every path where a browser may be, the most wanted first."""
    for name in NAMES:
        if path := shutil.which(name):
            yield path
    yield from (place for place in PLACES if Path(place).is_file())
    for cache in _caches():
        for pattern in CACHED:
            yield from (str(p) for p in sorted(cache.glob(pattern), reverse=True) if p.is_file())


def find() -> str | None:
    """The path of a browser that answers, or None."""
    if wanted := os.environ.get("LIMELIGHT_BROWSER"):
        path = shutil.which(wanted) or wanted
        if not answers(path):
            sys.exit(f"LIMELIGHT_BROWSER={wanted} does not start: unset it, or name a Chromium or Chrome.")
        return path
    return next((path for path in candidates() if answers(path)), None)


def run(command: Sequence[str], seconds: int) -> bool:
    """Run a command, its output on stderr; whether it ended well and in time."""
    print("  " + " ".join(command), file=sys.stderr)
    try:
        return subprocess.run(command, stdout=sys.stderr, timeout=seconds, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  gave up: {error}", file=sys.stderr)
        return False


def install(run: Run = run) -> str | None:
    """Try Playwright's own download, then the package manager; the path, or None if neither gave a browser."""
    print("No Chromium or Chrome found; trying Playwright's own.", file=sys.stderr)
    if run([sys.executable, "-m", "playwright", "install", "chromium"], DOWNLOAD_SECONDS):
        if path := find():
            return path
        # downloaded, but libraries of the system are missing: Playwright knows which, and needs root to add them
        deps = [sys.executable, "-m", "playwright", "install-deps", "chromium"]
        root = _root()
        if root is not None and run([*root, *deps], PACKAGE_SECONDS) and (path := find()):
            return path
    for manager, steps in MANAGERS:
        prefix = () if manager == "brew" else _root()
        if shutil.which(manager) is None or prefix is None:
            continue
        print(f"Trying {manager}.", file=sys.stderr)
        # an update that fails (one dead mirror) need not stop the install that follows
        done = [run([*prefix, manager, *step], PACKAGE_SECONDS) for step in steps]
        if done[-1] and (path := find()):
            return path
    return None


def main() -> int:
    """Print the browser's path; 1 with advice when there is none and none can be installed."""
    path = find() or install()
    if path is None:
        print(
            "No Chromium or Chrome, and none could be installed. Install one (Debian: apt-get install chromium; "
            "macOS: brew install --cask chromium), or name yours: LIMELIGHT_BROWSER=/path/to/chrome make test",
            file=sys.stderr,
        )
        return 1
    print(f"Browser for tests: {path}")
    return 0


def _caches() -> list[Path]:
    home = Path.home()
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    usual = [home / ".cache/ms-playwright", home / "Library/Caches/ms-playwright", home / "AppData/Local/ms-playwright"]
    return [Path(named)] if named else usual


def _root() -> tuple[str, ...] | None:
    """What to put before a command that needs root: nothing as root, sudo where it asks nothing, else None."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return ()
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ("sudo", "-n")
    return None


if __name__ == "__main__":
    sys.exit(main())
