import pytest

from landwright.bundles.importers.legends import choose_legend
from landwright.errors import UsageError


@pytest.mark.parametrize(("logits", "name"), [(1, "building"), (6, "isprs-6"), (3, "classes-3")])
def test_defaults(logits, name):
    legend = choose_legend(logits, None)
    assert legend.name == name
    assert len(legend) == (2 if logits == 1 else logits)


@pytest.mark.parametrize("logits", [2, 5, 40, 254])
def test_numbered_classes_have_distinct_colours(logits):
    assert len(set(choose_legend(logits, None).colours)) == logits


def test_by_name():
    assert choose_legend(1, "whu-building").name == "whu-building"
    assert choose_legend(7, "loveda").name == "loveda"


@pytest.mark.parametrize("logits", [1, 5])
def test_a_legend_that_does_not_fit(logits):
    with pytest.raises(UsageError, match="6 classes"):
        choose_legend(logits, "isprs-6")


def test_more_classes_than_codes():
    with pytest.raises(UsageError, match="more than a map has codes"):
        choose_legend(255, None)
