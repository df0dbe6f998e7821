import pytest

from landwright.bundles import TilingCard
from landwright.errors import UsageError
from landwright.networks import network_info
from landwright.words.presets import DEFAULT_PRESET, PRESETS, load_preset


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_one_the_network_knows(name):
    preset = load_preset(name)
    assert set(preset.network) <= set(network_info("clip").options)
    assert TilingCard.model_validate({"blend": preset.blend}).blend == preset.blend
    assert preset.name == name


def test_published_facts():
    rs, segearth, ours = (PRESETS[name] for name in ("rs-ovss", "segearth-ov", DEFAULT_PRESET))
    assert (rs.resize, rs.crop, rs.stride, rs.thresholds, rs.network["window"]) == (448, 224, 112, False, "native")
    assert (segearth.resize, segearth.thresholds) == (448, True)
    assert (segearth.network["bias"], segearth.network["upsampler"]) == (-0.3, "jbu-one")
    assert (ours.resize, ours.network["bias"], ours.network["upsampler"]) == (None, 0, "none")


def test_unknown():
    with pytest.raises(UsageError, match="preset 'rsovss' is unknown") as caught:
        load_preset("rsovss")
    assert "rs-ovss" in caught.value.remedy
