from types import SimpleNamespace

import pytest
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError

from landwright.errors import DataError
from landwright.words.registry import model_info
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
    assert "SkyCLIP_ViT_L14_top50pct.zip" in caught.value.remedy
    assert str(folder / "skyclip-l14.pt") in caught.value.remedy


ANSWER = SimpleNamespace(headers={}, request=None, status_code=401)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RemoteEntryNotFoundError("404", response=ANSWER), "any more"),
        (HfHubHTTPError("401 Client Error\nmore", response=ANSWER), "does not give them: 401"),
        (OSError("disk is full"), "disk is full"),
    ],
)
def test_what_a_hub_answers(folder, monkeypatch, error, words):
    def download(*_):
        raise error

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    with pytest.raises(DataError, match=words):
        find_weights(model_info("farslip1-b16"))


def test_what_a_hub_gives(folder, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda repo, file: str(tmp_path / repo / file))
    assert find_weights(model_info("farslip1-b16")) == tmp_path / "ZhenShiL/FarSLIP/FarSLIP1_ViT-B-16.pt"
