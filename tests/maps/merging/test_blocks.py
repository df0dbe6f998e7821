from __future__ import annotations

import pytest

from landwright.errors import DataError
from landwright.maps.merging import PRODUCTS, load_products, missing_blocks


def test_a_whole_run_lacks_nothing(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", empty=["r00000-c00000"])
    assert missing_blocks(run) is None
    assert load_products(run).products == made.ALL


def test_what_is_missing_is_named(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", begin_only=True)
    error = missing_blocks(run)
    assert error is not None and error.exit_code == 4
    assert "of 12 blocks 12 are not finished (r00000-c00000, " in error.problem
    assert error.problem.endswith("r00001-c00003, and 4 more)")
    run = made.make_run(tmp_path / "bad.run", bad=["r00000-c00001", "r00001-c00000"])
    error = missing_blocks(run)
    assert error is not None
    assert "2 were set aside because they failed (r00000-c00001: ValueError: this block is bad; " in error.problem
    assert "--allow-missing" in error.remedy


def test_products_that_cannot_be_read(tmp_path, made):
    run = made.make_run(tmp_path / "map.run", begin_only=True)
    (run.folder / PRODUCTS).write_text("{")
    with pytest.raises(DataError, match=r"has a damaged products\.json"):
        load_products(run)
    (run.folder / PRODUCTS).unlink()
    with pytest.raises(DataError, match=r"has no products\.json"):
        load_products(run)
