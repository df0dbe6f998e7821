from __future__ import annotations

import pytest

from landwright.rasters.layout import PACKERS, cog_options


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [(8192, 8192, 512), (600, 512, 384), (512, 512, 512), (3000, 1024, 384), (1024, 1024, 512), (3000, 384, 512)],
)
def test_no_level_is_one_block_wide_and_taller_than_512(height: int, width: int, side: int) -> None:
    options = cog_options(height, width, "mode")
    assert options["BLOCKSIZE"] == side
    assert options["OVERVIEW_RESAMPLING"] == "MODE"
    assert options["COMPRESS"] == "DEFLATE"


def test_a_column_has_no_overviews() -> None:
    assert cog_options(5000, 1, "mode")["OVERVIEWS"] == "NONE"
    assert cog_options(1, 5000, "mode")["OVERVIEWS"] == "AUTO"


def test_threads_are_those_asked_for() -> None:
    assert cog_options(100, 100, "mode")["NUM_THREADS"] == PACKERS
    assert cog_options(100, 100, "mode", threads=1)["NUM_THREADS"] == 1
