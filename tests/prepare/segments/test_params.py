from __future__ import annotations

import pytest

from landwright.errors import UsageError
from landwright.prepare.segments import read_params
from landwright.prepare.segments.params import fingerprint


def test_defaults() -> None:
    assert read_params("sam").record() == {
        "bands": None,
        "value_scale": None,
        "most": 50,
        "smallest": 50,
        "weights": None,
        "points_per_side": None,
        "pred_iou": 0.96,
        "stability": 0.95,
        "offset": 1.0,
        "nms": 0.5,
    }
    assert read_params("felzenszwalb").most is None


def test_values_may_be_text() -> None:
    found = read_params("felzenszwalb", {"scale": "300", "most": None, "min_size": "20", "bands": [1]}).record()
    assert (found["scale"], found["most"], found["min_size"], found["bands"]) == (300.0, None, 20, [1])


@pytest.mark.parametrize(
    ("provider", "given", "says"),
    [
        ("felsenszwalb", {}, "Did you mean 'felzenszwalb'"),
        ("watershed", {}, "Known: 'felzenszwalb', 'slic', 'sam'"),
        ("slic", {"weights": "x"}, "have no setting 'weights'. Known: bands"),
        ("slic", {"pixels": "many"}, "setting pixels of slic: .* not 'many'"),
        ("sam", {"pred_iou": 2}, "setting pred_iou of sam"),
        ("sam", {"bands": [1, 2]}, "1 or 3 bands, not 2"),
        ("felzenszwalb", {"value_scale": float("inf")}, "setting value_scale"),
    ],
)
def test_what_cannot_be_used(provider: str, given: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_params(provider, given)


def test_fingerprints_tell_settings_apart() -> None:
    one = fingerprint("slic", read_params("slic").record())
    assert one == fingerprint("slic", read_params("slic", {"pixels": 2048}).record())
    assert one != fingerprint("slic", read_params("slic", {"pixels": 2049}).record())
    assert len(one) == 16
