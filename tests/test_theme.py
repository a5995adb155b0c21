"""The colours of .streamlit/config.toml can be read by all: WCAG 2.1 contrast, distance under colour blindness."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

CONFIG: dict[str, Any] = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text("utf-8"))
THEMES = ["light", "dark"]

# Machado, Oliveira, Fernandes 2009, severity 1.0, applied to linear RGB.
SIGHT: dict[str, NDArray[np.float64]] = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868],
         [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968],
         [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779],
         [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> NDArray[np.float64]:
    """Linear RGB, shape (3,), 0 to 1."""
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """WCAG 2.1 contrast ratio, 1 to 21."""
    low, high = sorted(float(linear(c) @ TO_XYZ[1]) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, sight: str) -> NDArray[np.float64]:
    """CIELAB (D65) of a colour as seen with this sight."""
    xyz = TO_XYZ @ np.clip(SIGHT[sight] @ linear(colour), 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)  # WebAIM's well-known near miss


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(theme: str) -> None:
    part = CONFIG["theme"][theme]
    grounds = [part["backgroundColor"], part["secondaryBackgroundColor"], part["sidebar"]["backgroundColor"]]
    inks = [v for k, v in part.items() if k in {"textColor", "linkColor", "grayColor"}]
    inks += [v for k, v in part.items() if k.endswith("Color") and k.startswith(("red", "green", "blue", "violet"))]
    for ink, ground in itertools.product(inks, grounds):
        assert contrast(ink, ground) >= 4.5, f"{ink} on {ground}"


@pytest.mark.parametrize("theme", THEMES)
def test_primary_carries_white_text_and_stands_out(theme: str) -> None:
    part = CONFIG["theme"][theme]
    assert contrast("#FFFFFF", part["primaryColor"]) >= 4.5  # Streamlit writes white on it, in both themes
    for ground in (part["backgroundColor"], part["secondaryBackgroundColor"], part["sidebar"]["backgroundColor"]):
        assert contrast(part["primaryColor"], ground) >= 3.0  # WCAG 1.4.11: parts of controls


@pytest.mark.parametrize("theme", THEMES)
def test_marks_stand_out(theme: str) -> None:
    part = CONFIG["theme"][theme]
    for colour in part["chartCategoricalColors"]:
        assert contrast(colour, part["backgroundColor"]) >= 3.0, colour


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_colours_stay_apart(theme: str, sight: str) -> None:
    for a, b in itertools.combinations(CONFIG["theme"][theme]["chartCategoricalColors"], 2):
        apart = float(np.linalg.norm(lab(a, sight) - lab(b, sight)))
        assert apart >= 15.0, f"{a} and {b} are {apart:.1f} apart"


@pytest.mark.parametrize("theme", THEMES)
def test_sequential_scale_is_monotone(theme: str) -> None:
    scale = CONFIG["theme"][theme]["chartSequentialColors"]
    steps = [float(lab(c, "normal")[0]) for c in scale]
    assert len(scale) == 10
    assert len(CONFIG["theme"][theme]["chartDivergingColors"]) == 10
    assert steps == sorted(steps, reverse=theme == "light")


def test_served_here_only_and_silent() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["server"]["maxUploadSize"] == 2048
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["runner"]["postScriptGC"] is False, "docs/benchmarks.md, Pages: what it costs"
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert "http" not in str(CONFIG["theme"]), "a font or colour would be fetched from outside"
