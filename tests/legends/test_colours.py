from __future__ import annotations

import pytest

from landwright.legends.colours import choose_colours

BUILDING, WATER = (222, 31, 7), (0, 69, 255)


@pytest.mark.parametrize(
    ("words", "colour"),
    [
        (["Building"], BUILDING),
        (["flat roofs"], BUILDING),
        (["churches"], BUILDING),
        (["thing", "lake"], WATER),
        (["water tower building"], BUILDING),
        (["swimming pool"], (90, 210, 250)),
    ],
)
def test_words_that_maps_have_a_colour_for(words: list[str], colour: tuple[int, int, int]) -> None:
    assert choose_colours([words]) == [colour]


def test_a_colour_goes_to_the_first_that_asks() -> None:
    found = choose_colours([["building"], ["house"], ["blob"]], [None, None, WATER])
    assert (found[0], found[2]) == (BUILDING, WATER)
    assert len(set(found)) == 3


def test_others_are_far_from_each_other_and_stay_the_same() -> None:
    classes = [[f"thing {index}"] for index in range(12)]
    found = choose_colours(classes)
    assert found == choose_colours(classes)
    nearest = min(
        sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
        for position, one in enumerate(found)
        for other in found[:position]
    )
    assert nearest > 60**2
