import contextlib
import time
from types import SimpleNamespace

import pytest
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RemoteEntryNotFoundError

from landwright.errors import DataError
from landwright.words.registry import list_models, model_info
from landwright.words.weights import find_weights


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.mark.parametrize("name", ["farslip1-b16.safetensors", "farslip1-b16.pt", "FarSLIP1_ViT-B-16.pt"])
def test_a_file_of_the_folder(folder, name):
    (folder / name).write_bytes(b"x")
    assert find_weights(model_info("farslip1-b16")) == folder / name


def test_a_name_goes_before_the_hubs(folder):
    for name in ("FarSLIP1_ViT-B-16.pt", "farslip1-b16.bin"):
        (folder / name).write_bytes(b"x")
    assert find_weights(model_info("farslip1-b16")).name == "farslip1-b16.bin"


def test_no_file_and_no_hub(folder, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(DataError, match="are not here, and the hub cannot be reached") as caught:
        find_weights(model_info("georsclip-b32"))
    for piece in ("ckpt/RS5M_ViT-B-32.pt", "huggingface.co/Zilun/GeoRSCLIP", f"{folder / 'georsclip-b32.pt'}"):
        assert piece in caught.value.remedy
    assert "LANDWRIGHT_WEIGHTS" in caught.value.remedy


def test_a_model_that_no_hub_has(folder):
    with pytest.raises(DataError, match="no file of the hub is known") as caught:
        find_weights(model_info("skyclip-l14"))
    assert "SkyCLIP_ViT_L14_top50pct.zip, unpack it, and place its epoch_20.pt here" in caught.value.remedy
    assert str(folder / "skyclip-l14.pt") in caught.value.remedy


@pytest.mark.parametrize("name", ["clip-b16", "openclip-b16"])
def test_a_name_that_several_models_share_is_no_ones(folder, monkeypatch, name):
    info = model_info(name)
    (folder / info.hub.file).write_bytes(b"x")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "hub"))
    with pytest.raises(DataError, match="are not here") as caught:
        find_weights(info)
    assert str(folder / name) in caught.value.remedy


def test_no_file_stands_for_two_models(folder, monkeypatch):
    """Whatever lies in the folder under a hub's name, at most one model takes it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "hub"))
    models = [info for name in list_models() if (info := model_info(name)).hub]
    for info in models:
        (folder / info.hub.file.rpartition("/")[2]).write_bytes(b"x")
    found = []
    for info in models:
        with contextlib.suppress(DataError):
            found.append(find_weights(info))
    assert len(set(found)) == len(found) > 5


def test_tips_has_two_files(folder):
    info = model_info("tips-b14")
    with pytest.raises(DataError, match="are not here") as caught:
        find_weights(info)
    for piece in ("distilled_vision.npz", "distilled_text.npz", str(folder / "tips-b14_vision.npz"), "b14_text.npz"):
        assert piece in caught.value.remedy
    (folder / "tips-b14.npz").write_bytes(b"x")
    with pytest.raises(DataError, match="are not here"):
        find_weights(info)
    (folder / "tips-b14_vision.npz").write_bytes(b"x")
    assert find_weights(info) == folder / "tips-b14_vision.npz"


def test_own_has_no_place(folder):
    with pytest.raises(DataError, match="a checkpoint of yours, whose file has to be named") as caught:
        find_weights(model_info("own"))
    assert "models import FILE --as own --set activation=" in caught.value.remedy
    (folder / "own.pt").write_bytes(b"x")
    assert find_weights(model_info("own")) == folder / "own.pt"


def test_a_model_whose_file_has_no_known_address(folder):
    with pytest.raises(DataError) as caught:
        find_weights(model_info("farslip2-vc-b16"))
    assert f"get the file (https://github.com/NJU-LHRS/FarSLIP) and place it here as {folder}" in caught.value.remedy


ANSWER = SimpleNamespace(headers={}, request=None, status_code=401)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RemoteEntryNotFoundError("404", response=ANSWER), "any more"),
        (HfHubHTTPError("401 Client Error\nmore", response=ANSWER), "does not give them: 401"),
        (OSError("disk is full"), "disk is full"),
        (LocalEntryNotFoundError("the line broke"), "cannot be reached"),
    ],
)
def test_what_a_hub_answers(folder, monkeypatch, error, words):
    def ask(*_, **__):
        raise error

    def download(*_, local_files_only=False):
        raise LocalEntryNotFoundError("not in the cache") if local_files_only else error

    answers = isinstance(error, HfHubHTTPError)
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", ask if answers else lambda *_, **__: None)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    with pytest.raises(DataError, match=words):
        find_weights(model_info("farslip1-b16"))


@pytest.mark.parametrize("held", [True, False])
def test_what_a_hub_gives(folder, monkeypatch, tmp_path, held):
    def download(repo, file, local_files_only=False):
        if local_files_only and not held:
            raise LocalEntryNotFoundError("not in the cache")
        return str(tmp_path / repo / file)

    asked = []
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", lambda url, timeout: asked.append((url, timeout)))
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert find_weights(model_info("farslip1-b16")) == tmp_path / "ZhenShiL/FarSLIP/FarSLIP1_ViT-B-16.pt"
    assert len(asked) == (not held)


def test_an_absent_hub_is_asked_once_and_quietly(folder, monkeypatch, tmp_path, caplog, pace):
    """Nobody listens: the answer comes at once, without the library's own lines."""
    from huggingface_hub import constants
    from huggingface_hub.utils import logging

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}/{revision}/{filename}")
    monkeypatch.setattr(logging.get_logger("huggingface_hub"), "propagate", True)
    start = time.monotonic()
    with pytest.raises(DataError, match="the hub cannot be reached"):
        find_weights(model_info("farslip1-b16"))
    assert time.monotonic() - start < 3 * pace(time.monotonic)
    assert not [record for record in caplog.records if record.name.startswith("huggingface_hub")]
