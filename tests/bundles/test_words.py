"""Bundles that look for words: saved, loaded without the text tower, and asked for other words."""

import pytest
import torch
from pydantic import ValidationError

from landwright.bundles import Bundle, Card, WordsCard, load_bundle, name_words, with_words, words_bundle
from landwright.bundles.readme import model_card
from landwright.errors import DataError, UsageError
from landwright.legends import load_vocabulary, parse_words
from landwright.networks.clip.jbu import make_upsampler
from landwright.networks.clip.towers import build_clip
from landwright.words import PRESETS, DenseClip, load_preset, model_info

GELU = {"activation": "gelu"}
IMAGE = torch.randn(1, 3, 64, 72, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))
    monkeypatch.setenv("LANDWRIGHT_WEIGHTS", str(tmp_path / "weights"))


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(0)
    torch.save(build_clip("compact").state_dict(), tmp_path / "mine.pt")
    return tmp_path / "mine.pt"


@pytest.fixture
def bundle(file):
    return words_bundle("own", file, "potsdam", templates="single", settings=GELU)


def queries(bundle):
    with torch.no_grad():
        return bundle.network(IMAGE).queries


def test_the_card(bundle):
    card = bundle.card
    assert (card.name, card.regime, card.network.name, card.licence) == ("mine", "imported", "clip", None)
    assert card.legend == load_vocabulary("potsdam").legend()
    assert (card.words.model, card.words.preset, card.words.templates) == ("own", "landwright", "single")
    assert (card.tiling.tile, card.tiling.overlap, card.tiling.blend) == (64, 0.5, "cosine")
    assert card.network.options["synonyms"] == [2, 1, 1, 1, 1, 2]
    assert (card.network.options["background"], card.network.options["thresholds"][0]) == (5, 0.1)
    assert card.normalization.divide == 255
    assert card.normalization.mean == pytest.approx((0.48145466, 0.4578275, 0.40821073), abs=2e-6)
    assert name_words(bundle).startswith("road, parking lot; building;")


def test_it_is_saved_and_loaded_without_reading_a_word(bundle, tmp_path, monkeypatch):
    path = bundle.save(tmp_path / "bundle")
    monkeypatch.setattr("landwright.words.features.word_features", lambda *_, **__: pytest.fail("words were read"))
    again = load_bundle(path)
    assert again.card.words == bundle.card.words
    assert torch.equal(queries(again), queries(bundle))
    assert again.network.rule == bundle.network.rule
    text = (path / "README.md").read_text(encoding="utf-8")
    assert "| road | road, parking lot |" in text
    assert (path / "mlm.json").is_file()


def test_presets(file):
    published = words_bundle("own", file, "potsdam", templates="single", preset="rs-ovss", settings=GELU).card
    assert (published.words.resize, published.tiling.tile, published.tiling.blend) == (448, 224, "uniform")
    assert "thresholds" not in published.network.options
    assert published.network.options["window"] == "native"
    assert "long side of 448 pixels" in model_card(published, parameters=1)


def test_other_words(bundle):
    before = queries(bundle)
    other = with_words(bundle, parse_words("dam, weir; river; background"))
    assert queries(other).shape[1] == 4
    assert other.legend.names == ("dam", "river", "background")
    assert other.card.words.templates == "single"
    assert "thresholds" not in other.card.network.options
    assert torch.equal(queries(bundle), before)
    ours = dict(bundle.network.named_parameters())
    assert all(ours[name] is tensor for name, tensor in other.network.named_parameters())
    assert torch.equal(queries(with_words(other, "potsdam")), before)


def test_other_settings_and_what_stays(bundle, tmp_path):
    gem = with_words(bundle, settings={"attention": "gem", "residual": True})
    assert (gem.network.attention, gem.network.residual) == ("gem", True)
    assert gem.legend == bundle.legend
    loaded = load_bundle(with_words(gem, preset="rs-ovss").save(tmp_path / "b"))
    assert (loaded.network.window, loaded.card.words.resize) == ("native", 448)
    assert (loaded.network.attention, loaded.network.residual) == ("gem", True), "they were given by themselves"
    assert loaded.network.rule.thresholds == ()
    kept = with_words(loaded, "loveda").card
    assert (kept.words.preset, kept.words.resize, kept.tiling.blend) == ("rs-ovss", 448, "uniform")
    assert with_words(bundle, templates="satellite").card.words.templates == "satellite"


def test_what_was_given_holds_against_every_preset(file, bundle, tmp_path):
    given = {"attention": "sclip", "bias": -0.1}
    path = words_bundle("own", file, "potsdam", templates="single", settings=GELU | given).save(tmp_path / "bundle")
    other = with_words(load_bundle(path), preset="rs-ovss")
    assert other.card.words.settings == ("attention", "bias")
    assert (other.network.attention, other.network.bias, other.network.window) == ("sclip", -0.1, "native")
    alike = DenseClip("own", file, activation="gelu", **given)
    options = alike.network_options(load_vocabulary("potsdam"), load_preset("rs-ovss"))
    assert {name: other.card.network.options[name] for name in PRESETS["rs-ovss"].network} == {
        name: options[name] for name in PRESETS["rs-ovss"].network
    }
    now = with_words(other, preset="landwright", settings={"bias": 0.0})
    assert (now.network.attention, now.network.bias, now.network.window) == ("sclip", 0.0, "as-is")
    free = with_words(with_words(bundle, preset="rs-ovss"), preset="landwright")
    assert (free.card.words.settings, free.network.window) == ((), "as-is"), "what a preset brought goes with it"


def test_sentences_of_a_file_stay_with_the_bundle(file, tmp_path, monkeypatch):
    mine = tmp_path / "here" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("a drone picture of {}.\n{} from above\n", encoding="utf-8")
    monkeypatch.chdir(mine.parent)
    made = words_bundle("own", file, "potsdam", templates="mine.txt", settings=GELU)
    path = made.save(tmp_path / "bundle")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("something else, {}\n", encoding="utf-8")
    monkeypatch.chdir(elsewhere)
    loaded = load_bundle(path)
    words = loaded.card.words
    assert (words.templates, words.prompts) == ("mine.txt", ("a drone picture of {}.", "{} from above"))
    same = with_words(loaded, "potsdam", settings={"attention": "segearth"})
    assert torch.equal(queries(same), queries(made))
    assert same.card.words.prompts == words.prompts
    assert "a drone picture of {}.; {} from above" in (path / "README.md").read_text(encoding="utf-8")
    replaced = with_words(loaded, templates="mine.txt")
    assert replaced.card.words.prompts == ("something else, {}",)
    assert with_words(loaded, templates="single").card.words.prompts == ()
    old = words.model_copy(update={"prompts": ()})
    with pytest.raises(DataError, match=r"names a file of sentences, mine\.txt, but does not hold them") as caught:
        with_words(Bundle(loaded.card.model_copy(update={"words": old}), loaded.network), "loveda")
    assert "--templates" in caught.value.remedy
    with pytest.raises(ValidationError, match="prompts"):
        WordsCard(model="own", vocabulary=words.vocabulary, templates="mine.txt", prompts=("no place for the word",))


def test_what_was_changed_in_the_weights_is_told(file, bundle, tmp_path):
    state = torch.load(file)
    table = state["visual.positional_embedding"]
    state["visual.positional_embedding"] = torch.cat([table[:1], table[1:].repeat(4, 1)])
    torch.save(state, tmp_path / "large.pt")
    made = words_bundle("own", tmp_path / "large.pt", "potsdam", templates="single", settings=GELU)
    note = "image positions of 16 x 16 patches were fitted to the 8 x 8 of compact"
    assert made.card.words.note == note
    assert with_words(load_bundle(made.save(tmp_path / "bundle")), "loveda").card.words.note == note
    assert f"When the weights were read, {note}." in (tmp_path / "bundle" / "README.md").read_text(encoding="utf-8")
    assert bundle.card.words.note is None


def test_a_guide_that_the_bundle_has_not(bundle):
    with pytest.raises(UsageError, match="the model has no guide") as caught:
        with_words(bundle, settings={"attention": "proxy"})
    assert "--set guide=NAME" in caught.value.remedy


def test_an_upsampler_comes_in_later(bundle, tmp_path):
    with pytest.raises(DataError, match="jbu-one are not here"):
        with_words(bundle, preset="segearth-ov")
    torch.save(make_upsampler("jbu-one", 128).state_dict(), tmp_path / "up.ckpt")
    found = with_words(bundle, preset="segearth-ov", settings={"upsampler_weights": tmp_path / "up.ckpt"})
    assert found.network.bias == -0.3
    loaded = load_bundle(found.save(tmp_path / "bundle"))
    assert torch.equal(queries(loaded), queries(found))


def test_what_only_one_way_has_stays_so(file, monkeypatch):
    fixed = {"attention": "sclip", "residual": True, "licence": "mit", "activation": "gelu"}
    info = model_info("own").model_copy(update={"name": "fixed", **fixed})
    monkeypatch.setattr("landwright.bundles.words.model_info", lambda name: info)
    bundle = words_bundle("fixed", file, "potsdam", templates="single")
    assert (bundle.network.attention, bundle.network.residual, bundle.card.licence[:3]) == ("sclip", True, "mit")
    assert with_words(bundle, preset="rs-ovss").network.attention == "sclip"


@pytest.mark.parametrize(
    ("settings", "words"), [({"atention": "gem"}, "setting 'atention' is unknown"), ({"bias": -1, "context": 5}, "5")]
)
def test_unknown_settings(file, settings, words):
    with pytest.raises((UsageError, DataError), match=words):
        words_bundle("own", file, settings=GELU | settings)


def test_a_bundle_that_knows_no_words(card, network):
    plain = Bundle(card, network)
    assert name_words(plain) is None
    with pytest.raises(UsageError, match="knows no words"):
        with_words(plain, "potsdam")
    with pytest.raises(UsageError, match="names no words"):
        with_words(plain)


def test_words_and_legend_agree(bundle):
    content = bundle.card.model_dump()
    content["legend"]["classes"][0]["name"] = "street"
    with pytest.raises(ValidationError, match="are not those of the legend"):
        Card.model_validate(content)
