"""Surface models and command lines for the preparations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from typer.testing import CliRunner, Result

from landwright.cli.main import app


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(here: Path) -> Callable[..., None]:
    """Return `write(name, array, ...)`, which writes a raster with a position in metres."""

    def make(name: str, array: Any, **options: Any) -> None:
        bands = np.asarray(array).reshape(-1, *np.shape(array)[-2:])
        profile = {
            "driver": "GTiff",
            "count": len(bands),
            "height": bands.shape[1],
            "width": bands.shape[2],
            "dtype": bands.dtype.name,
            "crs": "EPSG:25832",
            "transform": Affine(1.0, 0, 4e5, 0, -1.0, 5.8e6),
        }
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(here / name, "w", **{**profile, **options}) as file:
            file.write(bands)

    return make


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return `run("prepare", ...)`."""
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture
def fails(run: Callable[..., Result]) -> Callable[..., None]:
    """Return `fails(*arguments, code=..., says=[...])`: one error, one remedy, nothing left behind."""

    def check(*arguments: str, code: int, says: list[str]) -> None:
        before = sorted(Path().rglob("*"))
        result = run(*arguments)
        assert result.exit_code == code, result.output
        for word in says:
            assert word in result.stderr
        assert result.stderr.count("error:") == result.stderr.count("remedy:") == 1
        assert "Traceback" not in result.output
        assert sorted(Path().rglob("*")) == before, "something was left behind"

    return check
