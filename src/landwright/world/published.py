"""What published data sets hold, to compare a world with."""

from __future__ import annotations

SHARES: dict[str, dict[str, float]] = {
    # Read from the bar chart of SynRS3D's paper (Song et al. 2024, arXiv 2406.18151): about 0.005 either way.
    "SynRS3D": {
        "bareland": 0.052, "rangeland": 0.122, "developed space": 0.081, "road": 0.150, "tree": 0.167,
        "water": 0.019, "agriculture": 0.049, "building": 0.368,
    },
    "OpenEarthMap": {
        "bareland": 0.016, "rangeland": 0.224, "developed space": 0.167, "road": 0.069, "tree": 0.197,
        "water": 0.033, "agriculture": 0.134, "building": 0.160,
    },
}  # fmt: skip
"""Share of the pixels by class of ``openearthmap-8``."""

HEIGHTS: dict[str, tuple[float, float]] = {
    "DFC18 (Houston)": (3.07, 5.02),
    "DFC19 Jacksonville": (4.73, 9.02),
    "DFC19 Omaha": (2.37, 5.27),
    "GeoNRW urban": (2.46, 4.31),
    "GeoNRW rural": (2.03, 4.21),
    "Potsdam": (3.02, 5.68),
    "OGC_ATL": (8.40, 13.41),
    "OGC_ARG": (3.90, 4.29),
    "Nagoya": (7.36, 11.84),
    "Tokyo": (15.73, 22.77),
    "Vaihingen": (2.36, 3.57),
}
"""Mean and standard deviation of the heights above ground of real sets in metres, by the same paper's tables."""
