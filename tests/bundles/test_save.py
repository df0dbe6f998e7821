import errno
import os
import stat

import pytest
import torch
from safetensors.torch import load_file

from landwright.bundles import load_bundle, save, save_bundle
from landwright.errors import DataError, UsageError

FILES = ["README.md", "card.yaml", "mlm.json", "model.safetensors"]


def test_what_is_written(bundle_path, network):
    assert sorted(os.listdir(bundle_path)) == FILES
    assert os.listdir(bundle_path.parent) == ["bundle"]
    state = load_file(bundle_path / "model.safetensors")
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {
        name: tuple(tensor.shape) for name, tensor in network.state_dict().items()
    }
    card = load_bundle(bundle_path).card
    assert card.software["torch"] == torch.__version__
    assert card.created.endswith("+00:00")


def test_others_may_read_the_folder(bundle_path, tmp_path):
    (tmp_path / "plain").mkdir()
    assert stat.S_IMODE(bundle_path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_training_goes_on_as_before(tmp_path, card, network):
    network.train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    save_bundle(tmp_path / "bundle", card, network)
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_channels_last_weights(tmp_path, card, network):
    image = torch.randn(1, 3, 8, 8)
    expected = network(image).classes
    save_bundle(tmp_path / "bundle", card, network.to(memory_format=torch.channels_last))
    assert torch.allclose(load_bundle(tmp_path / "bundle").network(image).classes, expected, atol=1e-6)


def test_an_older_bundle_is_replaced_only_on_request(bundle_path, card, network):
    with pytest.raises(UsageError, match="is a bundle already"):
        save_bundle(bundle_path, card, network)
    save_bundle(bundle_path, card.model_copy(update={"name": "newer"}), network, overwrite=True)
    assert load_bundle(bundle_path).card.name == "newer"
    assert os.listdir(bundle_path.parent) == ["bundle"]


def test_files_of_others_are_not_deleted(bundle_path, card, network):
    (bundle_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"would delete notes\.txt"):
        save_bundle(bundle_path, card, network, overwrite=True)


def test_other_folders_and_files_are_left_alone(tmp_path, card, network):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").touch()
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="other things in it"):
            save_bundle(folder, card, network, overwrite=overwrite)
        with pytest.raises(UsageError, match="is a file"):
            save_bundle(folder / "a.jpg", card, network, overwrite=overwrite)
    assert os.listdir(folder) == ["a.jpg"]


def test_an_empty_folder_will_do(tmp_path, card, network):
    (tmp_path / "empty").mkdir()
    assert load_bundle(save_bundle(tmp_path / "empty", card, network))


@pytest.mark.parametrize(
    "kind", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space left on device"), OSError(13, "no")]
)
def test_nothing_half_written_stays(bundle_path, card, network, monkeypatch, kind):
    def broken(*_):
        raise kind

    monkeypatch.setattr(save, "model_card", lambda *_, **__: broken())
    expected = {KeyboardInterrupt: KeyboardInterrupt}.get(kind, DataError)
    with pytest.raises(expected) as caught:
        save_bundle(bundle_path, card.model_copy(update={"name": "newer"}), network, overwrite=True)
    assert os.listdir(bundle_path.parent) == ["bundle"]
    assert load_bundle(bundle_path).card.name == card.name
    if getattr(kind, "errno", None) == errno.ENOSPC:
        assert "disk is full" in str(caught.value)


def test_the_older_bundle_comes_back_when_the_last_rename_fails(bundle_path, card, network, monkeypatch):
    rename = type(bundle_path).rename

    def fragile(self, target):
        if self.name.endswith(".part"):
            raise OSError(errno.EIO, "input/output error")
        return rename(self, target)

    monkeypatch.setattr(type(bundle_path), "rename", fragile)
    with pytest.raises(DataError, match="cannot be written"):
        save_bundle(bundle_path, card, network, overwrite=True)
    assert os.listdir(bundle_path.parent) == ["bundle"]
    assert load_bundle(bundle_path)


def test_folders_made_for_it_vanish_with_it(tmp_path, card, network, monkeypatch):
    def broken(*_, **__):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(save, "write_weights", broken)
    with pytest.raises(DataError, match="input/output error"):
        save_bundle(tmp_path / "a" / "b" / "bundle", card, network)
    assert os.listdir(tmp_path) == []
