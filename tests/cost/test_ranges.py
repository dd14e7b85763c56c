"""Predictions outside what a path was calibrated on say so."""

from __future__ import annotations

import pytest

from tinynas.bench.calibrate import ranges
from tinynas.cost import PathCost
from tinynas.cost.coefficients import coefficients_from_json

SEEN = [{"calls": 1.0, "macs": 50.0}, {"calls": 1.0, "macs": 400.0, "loose_bytes": 3.0}]


def test_ranges_hold_the_least_and_the_most_and_absence_is_zero() -> None:
    assert ranges(SEEN) == {"calls": (1.0, 1.0), "macs": (50.0, 400.0), "loose_bytes": (0.0, 3.0)}


@pytest.mark.parametrize(("features", "beyond"), [
    ({"calls": 1.0, "macs": 50.0}, False),
    ({"calls": 1.0, "macs": 400.0, "loose_bytes": 1.0}, False),
    ({"calls": 1.0, "macs": 401.0}, True),
    ({"calls": 1.0, "macs": 49.0}, True),
    ({"calls": 1.0, "macs": 60.0, "loose_bytes": 4.0}, True),
    ({"calls": 1.0, "macs": 60.0, "never_seen": 1.0}, True),
    ({"calls": 1.0, "macs": 60.0, "never_seen": 0.0}, False),
])
def test_a_layer_beyond_the_ranges_is_extrapolated(features: dict[str, float], beyond: bool) -> None:
    assert PathCost({}, {}, ranges=ranges(SEEN)).extrapolates(features) is beyond


def test_a_calibration_without_ranges_cannot_tell() -> None:
    data = {"core": "c", "source": "s", "paths": {"p": {"instructions": {}, "cycles": {}}}}
    assert not coefficients_from_json(data).path("p").extrapolates({"macs": 1e9})
