import pytest

from landwright.errors import UsageError
from landwright.world.materials import MATERIALS
from landwright.world.style import FAMILIES, STYLES, get_family, get_style


def test_unknown_names_list_the_known_ones():
    with pytest.raises(UsageError, match="grid_g05_mid"):
        get_family("terrain")
    with pytest.raises(UsageError, match="suburb"):
        get_style("moon")


def test_family_names_say_what_they_hold():
    assert get_family("grid_g1_high").gsd == (0.6, 1.0)
    assert get_family("grid_g1_high").height[0] > get_family("grid_g1_low").height[0]
    assert get_family("terrain_g005_low").layout == "terrain"
    assert all(name == family.name for name, family in FAMILIES.items())
    assert len(FAMILIES) == 18


def test_grid_families_draw_the_styles_that_they_always_drew():
    assert get_family("grid_g05_mid").styles == ("edge", "suburb", "urban", "rural", "coastal", "desert")
    assert "mountain" in get_family("terrain_g05_mid").styles


@pytest.mark.parametrize("name", STYLES)
def test_styles_are_sound(name):
    style = STYLES[name]
    assert sum(style.mix.values()) == pytest.approx(1, abs=0.01)
    assert sum(style.water) <= 1
    assert {*style.grass, *style.yard, style.soil, style.crag} <= set(MATERIALS)
    assert style.hills[0] <= style.hills[1]
    assert 0 < style.forest < 1
