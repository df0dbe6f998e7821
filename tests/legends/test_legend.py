from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from landwright.errors import DataError, UsageError
from landwright.legends import IGNORE, Legend, list_legends, load_legend

A: dict[str, object] = {"code": 1, "name": "a", "colour": [0, 0, 1]}


def legend(**changes: object) -> Legend:
    content: dict[str, object] = {
        "name": "two",
        "classes": [
            {"code": 3, "name": "Field", "colour": [1, 2, 3], "aliases": [30]},
            {"code": 7, "name": "wood", "colour": [4, 5, 6]},
        ],
        "ignore_codes": [0],
        "ignore_colours": [[0, 0, 0]],
    }
    return Legend.model_validate(content | changes)


def test_order_is_index() -> None:
    two = legend()
    assert (two.codes, two.names, two.colours) == ((3, 7), ("Field", "wood"), ((1, 2, 3), (4, 5, 6)))
    assert len(two) == 2
    assert [two.index(key) for key in ("field", " WOOD ", 3, 30, 7)] == [0, 1, 0, 0, 1]


def test_index_of_a_stranger_names_the_classes() -> None:
    with pytest.raises(UsageError, match=r"no class 'sea'.*Field \(3\), wood \(7\)"):
        legend().index("sea")


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.float32])
def test_encode_any_type(dtype: type) -> None:
    codes = np.array([[3, 7, 30], [0, 255, 3]], dtype)
    np.testing.assert_array_equal(legend().encode(codes), np.array([[0, 1, 0], [255, 255, 0]], np.uint8))


def test_encode_ignores_nan() -> None:
    assert legend().encode(np.array([[np.nan, 7.0]])).tolist() == [[IGNORE, 1]]


@pytest.mark.parametrize("stranger", [9, -253, 259, 7.5, np.inf, 1e12])
def test_encode_refuses_codes_outside(stranger: float) -> None:
    with pytest.raises(DataError) as caught:
        legend().encode(np.array([[3, 7, stranger, stranger]]), path="mask.tif")
    assert caught.value.path == "mask.tif"
    assert f"{stranger:g} (2 px)" in caught.value.problem


def test_encode_lists_the_most_frequent_codes() -> None:
    codes = np.repeat(np.arange(100, 112), np.arange(1, 13))
    with pytest.raises(DataError, match=r"111 \(12 px\), 110 \(11 px\).* and 4 more"):
        legend().encode(codes[None])


def test_encode_rgb() -> None:
    rgb = np.array([[[1, 4, 0]], [[2, 5, 0]], [[3, 6, 0]]], np.uint8)
    assert legend().encode_rgb(rgb).tolist() == [[0, 1, IGNORE]]
    with pytest.raises(DataError, match=r"colours that legend two does not have: 9,9,9 \(1 px\)"):
        legend().encode_rgb(np.array([[[1, 9]], [[2, 9]], [[3, 9]]], np.uint8))


def test_decode_and_colour_table() -> None:
    two = legend()
    indices = np.array([[0, 1, IGNORE, 2]], np.uint8)
    assert two.decode(indices).tolist() == [[3, 7, 255, 255]]
    assert two.colour_table() == {3: (1, 2, 3, 255), 7: (4, 5, 6, 255), 255: (0, 0, 0, 0)}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"classes": [A, A | {"name": "b", "colour": [0, 0, 2]}]}, "code 1 stands for more than one class"),
        ({"classes": [A, {"code": 2, "name": "A", "colour": [0, 0, 2]}]}, "name a stands for"),
        ({"classes": [A, A | {"code": 2, "name": "b"}]}, r"colour .* stands for"),
        ({"classes": [{"code": 1, "name": "a", "colour": [0, 0, 1], "aliases": [1]}]}, "code 1"),
        ({"classes": [{"code": 256, "name": "a", "colour": [0, 0, 1]}]}, "less than or equal to 255"),
        ({"classes": [{"code": "1", "name": "a", "colour": [0, 0, 1]}]}, "valid integer"),
        ({"classes": [{"code": 1, "name": " ", "colour": [0, 0, 1]}]}, "at least 1 character"),
        ({"classes": [{"code": 1, "name": "a", "colour": [0, 0]}]}, "colour"),
        ({"classes": []}, "at least 1 item"),
        ({"nodata": 30}, "nodata 30 is also the code of a class"),
        ({"ignore_codes": [7]}, r"ignore_codes \[7\]"),
        ({"ignore_colours": [[4, 5, 6]]}, "ignore_colours"),
        ({"colour": 1}, "Extra inputs"),
    ],
)
def test_strict(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        legend(**changes)


def test_frozen() -> None:
    with pytest.raises(ValidationError):
        legend().name = "other"


@pytest.mark.parametrize("name", list_legends())
def test_dict_round_trip(name: str) -> None:
    shipped = load_legend(name)
    assert Legend.model_validate(json.loads(json.dumps(shipped.to_dict()))) == shipped


@pytest.mark.parametrize("name", list_legends())
@given(data=st.data())
def test_shipped_legends_round_trip(name: str, data: st.DataObject) -> None:
    shipped = load_legend(name)
    choices = st.sampled_from([*range(len(shipped)), IGNORE])
    indices = data.draw(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=choices))
    codes = shipped.decode(indices)
    np.testing.assert_array_equal(shipped.encode(codes), indices)
    table = {code: colour[:3] for code, colour in shipped.colour_table().items()}
    labelled = np.where(indices == IGNORE, 0, indices)
    rgb = np.array([table[int(code)] for code in shipped.decode(labelled).ravel()], np.uint8)
    np.testing.assert_array_equal(shipped.encode_rgb(rgb.T.reshape(3, *indices.shape)), labelled)


def test_equal_codes_are_not_yet_equal_classes() -> None:
    chesapeake, poland = load_legend("chesapeake-4"), load_legend("poland-4")
    assert chesapeake.codes == poland.codes
    assert not chesapeake.same_classes(poland)
    assert chesapeake.same_classes(chesapeake.model_copy(update={"name": "other"}))


def test_classes_that_are_left_out_are_ignored() -> None:
    legend = load_legend("from-glc10-original")
    fewer = legend.without({0, 2})
    assert fewer.codes == (legend.codes[1], *legend.codes[3:])
    codes = np.array([legend.codes[0], legend.codes[1], legend.codes[2], legend.nodata])
    assert fewer.encode(codes).tolist() == [255, 0, 255, 255]
    colours = np.array([legend.colours[0], legend.colours[1]], np.uint8).T[:, :, None]
    assert fewer.encode_rgb(colours).ravel().tolist() == [255, 0]
    assert legend.without(()) == legend
