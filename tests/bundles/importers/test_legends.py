import pytest

from landwright.bundles.importers.legends import choose_legend
from landwright.errors import UsageError

DEFAULTS = {1: "building", 6: "isprs-6"}


@pytest.mark.parametrize(("logits", "name"), [(1, "building"), (6, "isprs-6"), (3, "classes-3")])
def test_defaults(logits, name):
    legend = choose_legend(logits, None, DEFAULTS)
    assert legend.name == name
    assert len(legend) == (2 if logits == 1 else logits)


def test_one_logit_stands_for_two_classes_also_without_a_default():
    assert choose_legend(1, None, {}).names == ("class-0", "class-1")


@pytest.mark.parametrize("logits", [2, 5, 40, 254])
def test_numbered_classes_have_distinct_colours(logits):
    assert len(set(choose_legend(logits, None, {}).colours)) == logits


def test_by_name():
    assert choose_legend(1, "whu-building", {}).name == "whu-building"
    assert choose_legend(7, "loveda", {}).name == "loveda"


@pytest.mark.parametrize("logits", [1, 5])
def test_a_legend_that_does_not_fit(logits):
    with pytest.raises(UsageError, match="6 classes"):
        choose_legend(logits, "isprs-6", {})


def test_more_classes_than_codes():
    with pytest.raises(UsageError, match="more than a map has codes"):
        choose_legend(255, None, {})


def test_a_legend_without_the_class_no_label():
    assert choose_legend(7, "isprs-6", {}, unlabelled=True).name == "isprs-6"
    assert choose_legend(6, "isprs-6", {}, unlabelled=True).name == "isprs-6"
    with pytest.raises(UsageError, match="stand for 8, or for 7 without the first, which is no label"):
        choose_legend(8, "isprs-6", {}, unlabelled=True)


def test_two_logits_are_not_cut_to_one(tmp_path):
    one = "name: one\ntitle: One\nsource: here\nclasses: [{code: 1, name: all, colour: [1, 2, 3]}]\n"
    (tmp_path / "one.yaml").write_text(one)
    with pytest.raises(UsageError, match="has 1 classes"):
        choose_legend(2, str(tmp_path / "one.yaml"), {}, unlabelled=True)
