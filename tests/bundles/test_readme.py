import pytest
from huggingface_hub import ModelCard

from landwright.bundles.readme import model_card


@pytest.fixture
def page(bundle_path):
    return ModelCard.load(bundle_path / "README.md")


def test_front_matter(page):
    assert page.data.license == "cc-by-4.0"
    assert page.data.pipeline_tag == "image-segmentation"
    assert {"landwright", "remote-sensing", "tiny-bundle"} <= set(page.data.tags)
    (result,) = page.data.eval_results
    assert (result.metric_name, result.metric_value) == ("miou (pixel-pooled)", 0.5)


def test_text(page):
    for text in (
        "# streets of Dürnstein",
        "red, green, blue",
        "Protocol `pixel-pooled` on val part",
        "landwright.load(",
    ):
        assert text in page.text
    assert "nan" not in page.text
    assert "0.1 m to 0.5 m" in page.text


def test_without_scores_and_licence(card):
    plain = card.model_copy(update={"scores": (), "licence": None, "gsd": None, "recipe_hash": None})
    page = ModelCard(model_card(plain, parameters=1))
    assert page.data.license == "unknown"
    assert page.data.eval_results is None
    assert "None recorded" in page.text


def test_a_licence_in_words(card):
    page = ModelCard(model_card(card.model_copy(update={"licence": "research only"}), parameters=1))
    assert (page.data.license, page.data.license_name) == ("other", "research only")


def test_heights_and_dates_are_told(card):
    both = ModelCard(model_card(card.model_copy(update={"outputs": ("classes", "height")}), parameters=1))
    assert "## Classes" in both.text
    assert "Metres above ground" in both.text
    assert {"land-cover", "height-estimation"} <= set(both.data.tags)
    change = {"outputs": ("height",), "dates": 2}
    alone = ModelCard(model_card(card.model_copy(update=change), parameters=1))
    assert "## Classes" not in alone.text
    assert alone.data.pipeline_tag == "depth-estimation"
    assert "--before earlier.tif --after later.tif" in alone.text
    assert 'before="earlier.tif"' in alone.text
