from __future__ import annotations

from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, WordsCard
from landwright.engine import WordOptions, find_model
from landwright.engine import words as module
from landwright.errors import DataError, UsageError
from landwright.legends.vocabulary import parse_words
from landwright.networks import create_network

pytest.importorskip("open_clip", reason="open_clip comes with the extra words")


def unreachable(*_: object, **__: object) -> str:
    raise LocalEntryNotFoundError("no network")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))
    monkeypatch.setenv("LANDWRIGHT_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)


@pytest.fixture
def small_sam3() -> Bundle:
    pytest.importorskip("transformers", reason="transformers comes with the extra sam")
    vocabulary = parse_words("roof; road; background")
    torch.manual_seed(0)
    card = Card(
        name="small sam",
        regime="imported",
        network=NetworkCard(name="sam3", options={"architecture": "compact"}, classes=3),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.5,) * 3),
        legend=vocabulary.legend(),
        words=WordsCard(model="sam3", vocabulary=vocabulary, templates="bare"),
    )
    return Bundle(card, create_network("sam3", classes=3, architecture="compact").eval())


def test_a_bundle_that_is_asked_nothing_stays_as_it_is(bundle: Bundle, looking: Any, tmp_path: Path) -> None:
    assert find_model(bundle, WordOptions()) is bundle
    saved = looking().save(tmp_path / "bundle")
    again = find_model(saved, WordOptions())
    assert again.legend.names == ("building", "road", "tree", "water", "background")


def test_a_bundle_of_words_looks_for_others(looking: Any) -> None:
    before = looking()
    after = find_model(before, WordOptions(words="ship; water", attention="sclip", templates="single"))
    assert after.legend.names == ("ship", "water")
    assert after.network.attention == "sclip"
    assert after.network.encoder.clip.visual.proj is before.network.encoder.clip.visual.proj
    assert before.legend.names[0] == "building"
    shipped = find_model(before, WordOptions(vocabulary="loveda"))
    assert "barren" in shipped.legend.names
    assert find_model(before, WordOptions(preset="rs-ovss")).card.words.resize == 448


def test_one_threshold_for_all(looking: Any) -> None:
    before = looking()
    after = find_model(before, WordOptions(threshold=0.4))
    assert after.network.rule.thresholds == (0.4,) * 5
    assert after.network.rule.background == 4
    assert find_model(after, WordOptions(threshold=0.0)).network.rule.thresholds == ()
    with pytest.raises(UsageError, match="the words have none") as error:
        find_model(before, WordOptions(words="ship; water", threshold=0.4))
    assert "--min-confidence" in str(error.value.remedy)
    with pytest.raises(UsageError, match="rs-ovss takes no thresholds"):
        find_model(before, WordOptions(preset="rs-ovss", threshold=0.4))


def test_sam3_takes_a_threshold_and_neither_preset_nor_templates(small_sam3: Bundle) -> None:
    after = find_model(small_sam3, WordOptions(words="ship; water; background", threshold=0.9))
    assert after.network.rule.thresholds == (0.9,) * 3
    assert after.network.rule.background == 2
    again = find_model(after, WordOptions(words="ship; background"))
    assert again.network.rule.thresholds == (0.9,) * 2
    assert find_model(after, WordOptions(threshold=0.0)).network.rule.thresholds == ()
    with pytest.raises(UsageError, match="to the background class, and the words have none"):
        find_model(small_sam3, WordOptions(words="ship; water", threshold=0.9))
    with pytest.raises(UsageError, match="a preset means nothing"):
        find_model(small_sam3, WordOptions(preset="rs-ovss"))
    with pytest.raises(UsageError, match="templates mean nothing"):
        find_model(small_sam3, WordOptions(words="ship; water", templates="single"))


def test_a_guide_that_the_model_has_not(looking: Any) -> None:
    with pytest.raises(UsageError, match="the model has no guide") as error:
        find_model(looking(), WordOptions(attention="proxy"))
    assert "--set guide=NAME" in str(error.value.remedy)


def test_a_name_that_is_nearly_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="there is no such folder") as error:
        find_model("clip-b61", WordOptions(words="building; road"))
    assert "clip-b16" in str(error.value.remedy)


def test_options_that_do_not_fit(bundle: Bundle, looking: Any) -> None:
    with pytest.raises(UsageError, match="no model is named"):
        find_model(None, WordOptions(attention="sclip"))
    with pytest.raises(UsageError, match="--preset is for models of words, and nearest is none") as error:
        find_model(bundle, WordOptions(preset="rs-ovss"))
    assert "clip-b16" in str(error.value.remedy)
    with pytest.raises(UsageError, match="both given"):
        WordOptions(words="a; b", vocabulary="loveda")
    with pytest.raises(UsageError, match=r"threshold 1\.5"):
        WordOptions(threshold=1.5)
    with pytest.raises(UsageError, match="attention"):
        find_model(looking(), WordOptions(attention="clear"))


@pytest.mark.parametrize(("name", "file"), [(None, "farslip1-b16"), ("clip-b16", "clip-b16")])
def test_weights_that_cannot_be_had_are_named(name: str | None, file: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        find_model(name, WordOptions(words="building; road"))
    assert file in error.value.problem
    assert str(tmp_path / "weights" / file) in str(error.value.remedy)


def test_published_models_are_made_with_the_words(
    looking: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def made(*arguments: Any, **options: Any) -> Bundle:
        asked.append((arguments, options))
        return looking()

    monkeypatch.setattr(module, "words_bundle", made)
    find_model("clip-b16", WordOptions(words="ship; sea", preset="segearth-ov", upsampler="none", templates="single"))
    ((name,), options) = asked.pop()
    assert name == "clip-b16"
    assert options["vocabulary"].queries == ("ship", "sea")
    assert options["settings"] == {"upsampler": "none"}
    assert (options["preset"], options["templates"]) == ("segearth-ov", "single")
    find_model("clip-b16", WordOptions())
    assert asked.pop()[1]["vocabulary"].name == "openearthmap"
    monkeypatch.chdir(tmp_path)
    looking().save(tmp_path / "clip-b16")
    assert find_model("clip-b16", WordOptions()).path is not None, "a folder of that name goes first"
    assert not asked
