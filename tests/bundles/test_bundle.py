import os
import shutil

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from landwright.bundles import StateMismatchError, available, load_bundle
from landwright.bundles.weights import checksum
from landwright.errors import DataError, UsageError


def edit(path, **changes):
    """Change fields of a card on disk."""
    file = path / "card.yaml"
    content = yaml.safe_load(file.read_text())
    for key, value in changes.items():
        if value is None:
            content.pop(key)
        else:
            content[key] = value
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def replace_weights(path, state):
    save_file(state, path / "model.safetensors")
    edit(path, weights_sha256=checksum(path / "model.safetensors"))


def test_round_trip(bundle_path, card, network):
    bundle = load_bundle(bundle_path)
    image = torch.randn(2, 3, 17, 9)
    assert torch.equal(bundle.network(image).classes, network(image).classes)
    assert not bundle.network.training
    assert bundle.legend == card.legend
    assert bundle.path == bundle_path
    assert bundle.device == torch.device("cpu")
    kept = {"name", "network", "bands", "normalization", "gsd", "legend", "recipe_hash", "licence", "regime", "tiling"}
    assert bundle.card.model_dump(include=kept) == card.model_dump(include=kept)
    assert bundle.card.scores[0].values["miou"] == 0.5


def test_saved_again_it_has_the_same_weights(bundle_path, tmp_path):
    bundle = load_bundle(bundle_path)
    again = bundle.save(tmp_path / "again")
    assert (again / "model.safetensors").read_bytes() == (bundle_path / "model.safetensors").read_bytes()
    assert load_bundle(again).card == bundle.card.model_copy(update={"scores": load_bundle(again).card.scores})


def test_a_run_folder_will_do(bundle_path, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(bundle_path, run / "bundle")
    assert load_bundle(run).path == run / "bundle"


def test_changed_weights_are_refused(bundle_path):
    weights = bundle_path / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(DataError, match="SHA-256 differs") as caught:
        load_bundle(bundle_path)
    assert caught.value.path == str(weights)
    assert caught.value.remedy


def test_a_card_without_checksum_is_refused(bundle_path):
    edit(bundle_path, weights_sha256=None)
    with pytest.raises(DataError, match="names no weights_sha256"):
        load_bundle(bundle_path)


def test_keys_that_do_not_fit_are_all_named(bundle_path):
    state = load_file(bundle_path / "model.safetensors")
    del state["layers.0.bias"]
    state["extra.weight"] = torch.zeros(1)
    state["layers.0.weight"] = torch.zeros(5, 3, 1, 1)
    replace_weights(bundle_path, state)
    with pytest.raises(StateMismatchError) as caught:
        load_bundle(bundle_path)
    error = caught.value
    assert error.missing == ("layers.0.bias",)
    assert error.unexpected == ("extra.weight",)
    assert [tuple(entry) for entry in error.misshaped] == [("layers.0.weight", (5, 3, 3, 3), (5, 3, 1, 1))]
    for text in ("missing (1): layers.0.bias", "unexpected (1): extra.weight", "mis-shaped (1): layers.0.weight"):
        assert text in str(error)


def test_long_lists_are_cut_in_the_message_only(bundle_path):
    state = load_file(bundle_path / "model.safetensors") | {f"more.{number}": torch.zeros(1) for number in range(30)}
    replace_weights(bundle_path, state)
    with pytest.raises(StateMismatchError, match=r"unexpected \(30\).* and 10 more") as caught:
        load_bundle(bundle_path)
    assert len(caught.value.unexpected) == 30


def test_damaged_weights_with_a_matching_checksum(bundle_path):
    weights = bundle_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:50])
    edit(bundle_path, weights_sha256=checksum(weights))
    with pytest.raises(DataError, match="not a readable safetensors file"):
        load_bundle(bundle_path)


def test_newer_format(bundle_path):
    edit(bundle_path, format=2, invention="unheard of")
    with pytest.raises(DataError, match="made by a newer landwright") as caught:
        load_bundle(bundle_path)
    assert "pip install --upgrade" in caught.value.remedy


@pytest.mark.parametrize(
    "name",
    [
        "../model.safetensors",
        "/x/model.safetensors",
        "..\\model.safetensors",
        "C:\\m.safetensors",
        "",
        "a/../../b",
    ],
)
def test_weights_outside_the_bundle(bundle_path, name):
    shutil.copy(bundle_path / "model.safetensors", bundle_path.parent)
    edit(bundle_path, weights=name)
    with pytest.raises(DataError, match=r"line .*outside the bundle's folder"):
        load_bundle(bundle_path)


def test_weights_that_are_a_pickle(bundle_path):
    edit(bundle_path, weights="model.pt")
    with pytest.raises(DataError, match="not a safetensors file"):
        load_bundle(bundle_path)


def test_a_link_out_of_the_bundle(bundle_path):
    weights = bundle_path / "model.safetensors"
    weights.rename(bundle_path.parent / "secret")
    weights.symlink_to(bundle_path.parent / "secret")
    with pytest.raises(DataError, match="link to a place outside"):
        load_bundle(bundle_path)


def test_links_of_the_hub_cache_are_followed(bundle_path, tmp_path):
    repository = tmp_path / "models--owner--name"
    snapshot = repository / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    for file in bundle_path.iterdir():
        shutil.copy(file, repository / "blobs" / file.name)
        os.symlink(f"../../blobs/{file.name}", snapshot / file.name)
    assert load_bundle(snapshot).card.network.name == "tiny-bundle"


def test_missing_weights(bundle_path):
    (bundle_path / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"model\.safetensors is missing"):
        load_bundle(bundle_path)


def test_unknown_network_or_option(bundle_path):
    edit(bundle_path, network={"name": "no-such-network", "classes": 6})
    with pytest.raises(DataError, match="no-such-network"):
        load_bundle(bundle_path)
    edit(bundle_path, network={"name": "tiny-bundle", "classes": 6, "options": {"depth": 3}})
    with pytest.raises(DataError, match="depth"):
        load_bundle(bundle_path)
    edit(bundle_path, network={"name": "tiny-bundle", "classes": 6, "options": {"width": "wide"}})
    with pytest.raises(DataError, match="cannot be built from the card"):
        load_bundle(bundle_path)


def test_a_device_that_is_not_here(bundle_path):
    with pytest.raises(UsageError, match="cannot be used"):
        load_bundle(bundle_path, device="nonsense")
    with pytest.raises(UsageError, match="cuda:99"):
        available("cuda:99")
