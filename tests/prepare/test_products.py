from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landwright.errors import DataError, UsageError
from landwright.legends import Legend, load_legend
from landwright.prepare import Product, parse_product

SINOLC = load_legend("sinolc-1")


def test_file_and_crosswalk() -> None:
    product = parse_product("a/b.tif=esri-lulc-to-sinolc-1", SINOLC)
    assert product.path == "a/b.tif"
    assert product.own_legend(SINOLC).name == "esri-lulc"
    assert product.allowed(SINOLC).shape == (10, 11)
    assert product.allowed(SINOLC).sum(axis=1).tolist() == [1] * 9 + [2]


def test_file_alone_has_the_classes_already() -> None:
    product = parse_product("b.tif", SINOLC)
    assert product == Product("b.tif")
    assert product.own_legend(SINOLC) is SINOLC
    np.testing.assert_array_equal(product.allowed(SINOLC), np.eye(11, dtype=bool))


def test_a_file_name_may_hold_an_equals_sign(tmp_path: Path) -> None:
    path = tmp_path / "k=2.tif"
    path.touch()
    assert parse_product(str(path), SINOLC) == Product(str(path))
    assert parse_product(f"{path}=esri-lulc-to-sinolc-1", SINOLC).path == str(path)


def test_own_crosswalk(tmp_path: Path, three: Legend) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("{name: own, source: building, target: sinolc-1, rules: {0: ignore, 1: 6}}")
    crosswalk = parse_product(f"osm.tif={path}", SINOLC).crosswalk
    assert crosswalk is not None
    assert crosswalk.name == "own"
    with pytest.raises(UsageError, match="leads to legend sinolc-1, not to three") as caught:
        parse_product(f"osm.tif={path}", three)
    assert caught.value.remedy == "Write a crosswalk to three and name its .yaml file"
    with pytest.raises(DataError, match="cannot be read"):
        parse_product(f"osm.tif={tmp_path / 'none.yaml'}", SINOLC)


@pytest.mark.parametrize("text", ["esa.tif=", "=esa-worldcover-to-sinolc-1"])
def test_half_a_product(text: str, three: Legend) -> None:
    with pytest.raises(UsageError, match="is not of the form FILE=CROSSWALK"):
        parse_product(text, SINOLC)
    with pytest.raises(UsageError, match=r"own-crosswalk\.yaml"):
        parse_product("esa.tif=", three)


@pytest.mark.parametrize(
    ("crosswalk", "problem"),
    [
        ("esa-worldcover", "no crosswalk named 'esa-worldcover' for esa.tif"),
        ("esa-worldcover-to-poland-4", "leads to legend poland-4, not to sinolc-1"),
    ],
)
def test_a_crosswalk_that_does_not_fit_names_those_that_do(crosswalk: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        parse_product(f"esa.tif={crosswalk}", SINOLC)
    assert caught.value.remedy is not None
    assert "esa-worldcover-to-sinolc-1" in caught.value.remedy


def test_equal_codes_are_not_equal_classes() -> None:
    with pytest.raises(UsageError, match="leads to legend poland-4, not to chesapeake-4"):
        parse_product("a.tif=esa-worldcover-to-poland-4", load_legend("chesapeake-4"))
