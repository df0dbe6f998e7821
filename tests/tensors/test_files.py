import os
import pickle
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from landwright.errors import DataError
from landwright.tensors import read_checkpoint

STATE = OrderedDict(weight=torch.arange(6.0).reshape(2, 3), bias=torch.zeros(2))


class Intruder:
    """Pickles into a call that makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3},
        {"model": STATE, "optimizer": {"lr": 1.0}},
        {"model": {"state_dict": STATE}},
        {f"module.{name}": tensor for name, tensor in STATE.items()},
        {"state_dict": {f"module.{name}": tensor for name, tensor in STATE.items()}},
    ],
    ids=["plain", "state_dict", "model", "nested", "parallel", "parallel in state_dict"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_wrappers(tmp_path, content, zipped):
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    found = read_checkpoint(tmp_path / "a.pth")
    assert list(found) == list(STATE)
    assert all(torch.equal(found[name], STATE[name]) for name in STATE)


def test_safetensors(tmp_path):
    save_file(dict(STATE), tmp_path / "a.safetensors")
    assert torch.equal(read_checkpoint(tmp_path / "a.safetensors")["weight"], STATE["weight"])


def test_a_part_named_module_keeps_its_name(tmp_path):
    torch.save({"module.a": torch.zeros(1), "head": torch.zeros(1)}, tmp_path / "a.pth")
    assert set(read_checkpoint(tmp_path / "a.pth")) == {"module.a", "head"}


@pytest.mark.parametrize("wrap", [lambda bad: bad, lambda bad: {"state_dict": STATE, "extra": bad}])
@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_code_is_not_run(tmp_path, wrap, save):
    save(wrap(Intruder(tmp_path / "broken-in")), tmp_path / "a.pth")
    with pytest.raises(DataError, match="nothing in it was executed") as caught:
        read_checkpoint(tmp_path / "a.pth")
    assert not (tmp_path / "broken-in").exists()
    assert caught.value.exit_code == 3
    assert "state_dict()" in caught.value.remedy


def test_a_whole_model(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "a.pth")
    with pytest.raises(DataError, match="besides tensors"):
        read_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 not really a zip", bytes(range(256))])
@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_damaged_files(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_checkpoint(tmp_path / name)
    assert caught.value.path == str(tmp_path / name)


def test_a_truncated_file(tmp_path):
    torch.save(STATE, tmp_path / "a.pth")
    content = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError):
        read_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ([1, 2], "holds a list"),
        ({}, "not a state dict"),
        ({"epoch": 3}, "'epoch' is a int"),
        (torch.zeros(2), "Tensor"),
    ],
)
def test_something_else(tmp_path, content, problem):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(DataError, match=problem):
        read_checkpoint(tmp_path / "a.pth")


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_checkpoint(tmp_path / "a.pth")
