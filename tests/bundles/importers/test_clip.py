import pytest
import torch

from landwright.bundles import load_bundle, with_words
from landwright.bundles.importers import import_checkpoint
from landwright.bundles.importers.clip import SETTING_WORDS, is_model_of_words
from landwright.bundles.words import ONCE, SETTINGS
from landwright.errors import DataError, UsageError
from landwright.legends import parse_words
from landwright.networks.clip.towers import build_clip


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(0)
    torch.save({"state_dict": build_clip("compact").state_dict()}, tmp_path / "mine.pt")
    return tmp_path / "mine.pt"


def test_every_setting_is_described():
    assert set(SETTING_WORDS) == {*SETTINGS, *ONCE}


def test_names():
    assert is_model_of_words("farslip2-b16")
    assert is_model_of_words("sam3")
    assert not is_model_of_words("clcformer")


def test_import(file):
    settings = {"activation": "gelu", "attention": "naclip", "sigma": "5", "bias": "-0.3", "residual": "True"}
    bundle = import_checkpoint(file, "own", settings=settings | {"context": "77"}, templates="single")
    network = bundle.network
    assert (network.attention, network.sigma, network.bias, network.residual) == ("naclip", 5.0, -0.3, True)
    assert bundle.legend.name == "openearthmap"
    words = import_checkpoint(
        file,
        "own",
        settings={"activation": "gelu"},
        vocabulary=parse_words("a; b"),
        preset="rs-ovss",
        templates="single",
    )
    assert (words.legend.names, words.card.words.preset) == (("a", "b"), "rs-ovss")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "no file tells the activation"),
        ({"activation": "relu"}, "activation 'relu' is unknown"),
        ({"activation": "gelu", "residual": "yes"}, "residual must be true or false"),
        ({"activation": "gelu", "bias": "much"}, "bias must be a number"),
        ({"activation": "gelu", "context": "many"}, "context must be a whole number"),
        ({"activation": "gelu", "sigma": "0"}, "sigma must be above 0"),
        ({"activation": "gelu", "zoom": "-2"}, "zoom must be above 0"),
        ({"activation": "gelu", "scale": "0"}, "scale must be above 0"),
        ({"activation": "gelu", "attention": "proxy"}, "there is no guide"),
        ({"activation": "gelu", "classes": "3"}, "setting 'classes' is unknown"),
    ],
)
def test_settings_that_do_not_fit(file, settings, words):
    with pytest.raises(UsageError, match=words) as caught:
        import_checkpoint(file, "own", settings=settings)
    assert caught.value.remedy


def test_words_and_legends_do_not_mix(file):
    with pytest.raises(UsageError, match="not of a legend"):
        import_checkpoint(file, "own", legend="isprs-6")
    with pytest.raises(UsageError, match="clcformer knows no words"):
        import_checkpoint(file, "clcformer", vocabulary="potsdam")
    with pytest.raises(UsageError, match="checkpoint format 'farslip' is unknown"):
        import_checkpoint(file, "farslip")


def test_a_folder(file, tmp_path):
    with pytest.raises(DataError, match="is a folder, but a checkpoint is a file") as caught:
        import_checkpoint(tmp_path, "own", settings={"activation": "gelu"})
    assert caught.value.remedy == "Name the file in it: mine.pt"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is a folder") as caught:
        import_checkpoint(tmp_path / "empty", "paraformer")
    assert caught.value.remedy == "Name the file with the weights"
    settings = {"activation": "gelu"}
    bundle = import_checkpoint(file, "own", settings=settings, templates="single").save(tmp_path / "bundle")
    with pytest.raises(DataError, match="is a model bundle already"):
        import_checkpoint(bundle, "own", settings=settings)


def test_another_model(file):
    with pytest.raises(DataError, match="holds the towers of compact"):
        import_checkpoint(file, "farslip1-b16")


@pytest.fixture
def sam3(tmp_path, monkeypatch):
    """A folder that stands for a small SAM 3."""
    from landwright.networks import create_network

    torch.manual_seed(0)
    network = create_network("sam3", classes=2, architecture="compact")
    state = {name: tensor for name, tensor in network.state_dict().items() if name != "queries"}
    monkeypatch.setattr(
        "landwright.bundles.importers.clip.read_sam3", lambda folder: ({"architecture": "compact"}, dict(state))
    )
    return tmp_path / "sam3-small"


@pytest.mark.slow
def test_sam3(sam3, tmp_path):
    settings = {"confidence": "0.3", "threshold": "0.1"}
    bundle = import_checkpoint(sam3, "sam3", settings=settings, vocabulary="potsdam")
    assert bundle.network.confidence == 0.3
    assert bundle.network.rule.thresholds == (0.1,) * 6
    assert bundle.card.network.options["background"] == 5
    loaded = load_bundle(bundle.save(tmp_path / "bundle"))
    assert torch.equal(loaded.network.queries, bundle.network.queries)
    other = with_words(loaded, parse_words("car; road; background"), settings={"confidence": 0.4, "threshold": 0.2})
    assert other.legend.names == ("car", "road", "background")
    again = load_bundle(other.save(tmp_path / "other"))
    assert (again.network.confidence, again.network.rule) == (0.4, other.network.rule)
    with pytest.raises(UsageError, match="setting 'attention' is unknown"):
        with_words(loaded, settings={"attention": "gem"})


def test_sam3_takes_published_scores_of_published_words(sam3):
    published = import_checkpoint(sam3, "sam3", vocabulary="isaid")
    assert (published.network.confidence, set(published.network.rule.thresholds)) == (0.4, {0.5})
    assert published.card.words.settings == ()
    given = import_checkpoint(sam3, "sam3", settings={"threshold": "0"}, vocabulary="isaid")
    assert (given.network.confidence, given.network.rule.thresholds) == (0.4, ())
    assert given.card.words.settings == ("threshold",)
    plain = import_checkpoint(sam3, "sam3", vocabulary=parse_words("roof; road"))
    assert (plain.network.confidence, plain.network.rule.thresholds) == (0.5, ())


def test_sam3_takes_bare_words(sam3):
    with pytest.raises(UsageError, match="templates mean nothing"):
        import_checkpoint(sam3, "sam3", templates="single")
    with pytest.raises(UsageError, match="a preset means nothing") as caught:
        import_checkpoint(sam3, "sam3", preset="rs-ovss")
    assert caught.value.remedy == "Leave preset out"
    for key, value in (("threshold", "2"), ("confidence", "1")):
        with pytest.raises(UsageError, match=rf"{key} must be in 0\.\.1") as caught:
            import_checkpoint(sam3, "sam3", settings={key: value})
        assert caught.value.remedy
    with pytest.raises(UsageError, match="setting 'attention' is unknown"):
        import_checkpoint(sam3, "sam3", settings={"attention": "gem"})
    with pytest.raises(UsageError, match="confidence must be a number"):
        import_checkpoint(sam3, "sam3", settings={"confidence": "high"})
