"""TorchScript archives: all tensors, none of the code."""

import os
import pickle
import zipfile

import pytest
import torch
from torch import nn

from landwright.errors import DataError
from landwright.tensors import read_checkpoint
from landwright.tensors.torchscript import is_torchscript, read_torchscript

pytestmark = pytest.mark.filterwarnings("ignore")


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("table", torch.arange(6).reshape(2, 3).T)
        self.sizes = [1, 2, 3]

    def forward(self, values):
        return self.inner(values) * self.scale + len(self.sizes)


@pytest.mark.parametrize("make", [torch.jit.script, lambda model: torch.jit.trace(model, torch.zeros(2, 3))])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.float64])
def test_tensors(tmp_path, make, kind):
    model = Model().eval()
    made = make(model).to(kind)
    made.save(tmp_path / "a.pt")
    expected = made.state_dict()
    assert is_torchscript(tmp_path / "a.pt")
    found = read_checkpoint(tmp_path / "a.pt")
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor), name


class Intruder:
    """Pickles into a call that makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def archive(path, content):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a/constants.pkl", b"")
        file.writestr("a/data.pkl", content)


def test_code_is_not_run(tmp_path):
    archive(tmp_path / "a.pt", pickle.dumps(Intruder(tmp_path / "broken-in")))
    with pytest.raises(DataError, match="nothing in it was executed") as caught:
        read_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "broken-in").exists()
    assert "posix.mkdir" in caught.value.problem


@pytest.mark.parametrize("content", [b"", b"\x80\x02K\x01.", b"hello"])
def test_damaged(tmp_path, content):
    archive(tmp_path / "a.pt", content)
    with pytest.raises(DataError):
        read_torchscript(tmp_path / "a.pt")


def test_other_files(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(b"no archive")
    assert not is_torchscript(tmp_path / "a.pt")
    assert not is_torchscript(tmp_path / "b.pt")
    assert not is_torchscript(tmp_path / "c.pt")
