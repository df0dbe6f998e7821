from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from safetensors.torch import load_file, save_file

from landwright.errors import DataError, UsageError
from landwright.legends import list_vocabularies, load_vocabulary, parse_words
from landwright.networks.sam3 import Sam3Network
from landwright.words.sam3 import CONTEXT, PUBLISHED, derive_sam3, published_scores, read_sam3, word_ids

State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def network() -> Sam3Network:
    torch.manual_seed(0)
    return Sam3Network(2, architecture="compact").eval()


@pytest.fixture(scope="module")
def folder(network: Sam3Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint."""
    path = tmp_path_factory.mktemp("sam3")
    network.model.config.save_pretrained(path)
    save_file(network.model.state_dict(), path / "model.safetensors", metadata={"format": "pt"})
    return path


def rewrite(folder: Path, target: Path, change: Callable[[State], object]) -> Path:
    """Write the checkpoint with other tensors."""
    target.mkdir()
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_bytes((folder / "config.json").read_bytes())
    return target


def test_a_folder_gives_the_same_network(network: Sam3Network, folder: Path) -> None:
    options, state = read_sam3(folder)
    assert json.loads(json.dumps(options)) == options
    words = ["tree", "flat roof", "swimming pool"]
    other = Sam3Network(2, synonyms=[1, 2], **options)
    other.load_state_dict({**state, "queries": word_ids(words)}, strict=True)
    network.set_queries(word_ids(words), [1, 2])
    image = torch.randn(1, 3, 60, 60)
    with torch.no_grad():
        assert torch.equal(other.eval().similarities(image), network.similarities(image))


def test_a_folder_that_transformers_wrote(network: Sam3Network, tmp_path: Path) -> None:
    network.model.save_pretrained(tmp_path)
    _, state = read_sam3(tmp_path)
    assert all(torch.equal(state[f"model.{name}"], tensor) for name, tensor in network.model.state_dict().items())


def test_options_hold_what_differs_from_the_published_model(folder: Path) -> None:
    config = read_sam3(folder)[0]["config"]
    assert config["vision_config"]["backbone_config"]["image_size"] == 56
    assert "patch_size" not in config["vision_config"]["backbone_config"]
    assert "initializer_range" not in config


def test_the_detector_of_a_video_checkpoint(folder: Path, tmp_path: Path) -> None:
    def prefixed(state: State) -> None:
        named = {f"detector_model.{name}": tensor for name, tensor in state.items()}
        state.clear()
        state.update(named, **{"tracker_model.x": torch.zeros(2), "tracker_neck.y": torch.zeros(2)})

    video = rewrite(folder, tmp_path / "video", prefixed)
    inside = json.loads((folder / "config.json").read_text())
    (video / "config.json").write_text(json.dumps({"model_type": "sam3_video", "detector_config": inside}))
    (options, state), (expected, whole) = read_sam3(video), read_sam3(folder)
    assert options == expected
    assert state.keys() == whole.keys()
    assert all(torch.equal(state[name], whole[name]) for name in whole)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda state: state.pop("text_projection.bias"), "text_projection.bias missing"),
        (lambda state: state.update(other=torch.zeros(1)), "other not SAM 3's"),
        (lambda state: state.update({"text_projection.bias": torch.zeros(3)}), "text_projection.bias of another shape"),
        (lambda state: [state.pop(name) for name in list(state)[:5]], r", .*, .* and 2 more missing"),
    ],
)
def test_weights_that_do_not_fit(
    folder: Path, tmp_path: Path, change: Callable[[State], object], problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = rewrite(folder, tmp_path / "broken", change)
    with pytest.raises(DataError, match=problem) as caught:
        read_sam3(broken)
    assert caught.value.path == str(broken)
    assert capfd.readouterr().out == ""


def test_folders_that_are_no_sam3(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no config\.json that can be read"):
        read_sam3(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "sam"}')
    with pytest.raises(DataError, match="holds a model of the type 'sam', not SAM 3"):
        read_sam3(tmp_path)
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(DataError, match=r"cannot be read from here.*safetensors"):
        read_sam3(tmp_path)
    with pytest.raises(DataError, match="is a file, but SAM 3 is a folder"):
        read_sam3(folder / "model.safetensors")


def test_a_torn_file(folder: Path, tmp_path: Path) -> None:
    torn = rewrite(folder, tmp_path / "torn", lambda state: None)
    file = torn / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DataError, match="cannot be read from here"):
        read_sam3(torn)


REFUSAL = SimpleNamespace(headers={}, request=None, status_code=403)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (LocalEntryNotFoundError("offline"), "is not in the hub's cache, and the hub cannot be reached"),
        (HfHubHTTPError("403 Client Error\nmore", response=REFUSAL), "the hub did not give facebook/sam3: 403 Client"),
        (OSError("disk"), "could not be downloaded: disk"),
    ],
)
def test_a_hub_without_the_files(monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(DataError, match=problem) as caught:
        read_sam3("facebook/sam3")
    assert "config.json and the safetensors files" in str(caught.value.remedy)


def test_a_hub_with_the_files(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda repository, **_: str(folder))
    assert read_sam3("facebook/sam3")[0] == read_sam3(folder)[0]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such folder"):
        read_sam3(tmp_path / "none")


def test_words_as_tokens() -> None:
    found = word_ids(["tree", "flat roof"])
    assert (found.shape, found.dtype) == ((2, CONTEXT), torch.int64)
    assert found[:, :4].tolist() == [[49406, 2677, 49407, 0], [49406, 6313, 6449, 49407]]
    assert word_ids(["tree"], 16).shape == (1, 16)


def test_other_words_share_the_weights(network: Sam3Network) -> None:
    network.set_queries(word_ids(["tree", "roof"]), [1, 1])
    image = torch.randn(1, 3, 56, 56)
    words = parse_words("road, street; tree; background")
    with torch.no_grad():
        before = network.similarities(image)
        other = derive_sam3(network, words, confidence=0.1, threshold=0.3)
        found = other.similarities(image)
        assert torch.equal(network.similarities(image), before)
        torch.testing.assert_close(derive_sam3(network, words).similarities(image)[:, 2:3], before[:, :1])
    assert found.shape == (1, 4, 56, 56)
    assert (other.confidence, network.confidence) == (0.1, 0.5)
    assert (other.rule.synonyms, other.rule.thresholds, other.rule.background) == ((2, 1, 1), (0.3, 0.3, 0.3), 2)
    assert all(one is two for one, two in zip(other.parameters(), network.parameters(), strict=True))
    assert derive_sam3(other, words).rule.thresholds == (0.3, 0.3, 0.3), "the network keeps its own"
    assert derive_sam3(other, words).confidence == 0.1
    assert derive_sam3(other, words, threshold=0.0).rule.thresholds == ()
    with pytest.raises(UsageError, match="to the background class, and the words have none"):
        derive_sam3(network, parse_words("road; tree"), threshold=0.3)
    with pytest.raises(UsageError, match=r"threshold must be in 0\.\.1"):
        derive_sam3(network, words, threshold=-0.1)


def test_published_settings_are_for_published_words() -> None:
    assert set(PUBLISHED) < set(list_vocabularies())
    assert published_scores(load_vocabulary("vaihingen")) == {"confidence": 0.4, "threshold": 0.1}
    assert published_scores(load_vocabulary("inria")) is None
    assert published_scores(parse_words("road; tree")) is None
    renamed = parse_words("road; tree; background").model_copy(update={"name": "vaihingen"})
    assert published_scores(renamed) is None


@pytest.mark.parametrize(("word", "problem"), [("", "no letters"), ("roof " * 31, "31 tokens long")])
def test_words_that_cannot_be_read(word: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        word_ids(["tree", word])


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match=r"landwright\[sam\]"):
        read_sam3(folder)
