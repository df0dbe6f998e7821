import pytest
import torch

from landwright.bundles import StateMismatchError
from landwright.errors import DataError
from landwright.networks.clip.jbu import make_upsampler
from landwright.words.upsamplers import load_upsampler


def saved(path, name, prefix="", dim=16):
    torch.manual_seed(0)
    state = make_upsampler(name, dim).state_dict()
    content = {f"{prefix}{key}": tensor for key, tensor in state.items()}
    torch.save({"state_dict": content | {"model.weight": torch.zeros(1)}} if prefix else content, path)
    return state


@pytest.mark.parametrize("name", ["jbu-one", "jbu-stack"])
@pytest.mark.parametrize("prefix", ["", "upsampler."])
def test_published_files(tmp_path, name, prefix):
    state = saved(tmp_path / "a.ckpt", name, prefix)
    module = make_upsampler(name, 16)
    load_upsampler(module, name, tmp_path / "a.ckpt")
    assert all(torch.equal(tensor, state[key]) for key, tensor in module.state_dict().items())


def test_the_folder_of_weights(tmp_path):
    module = make_upsampler("jbu-one", 16)
    with pytest.raises(DataError, match="jbu-one are not here") as caught:
        load_upsampler(module, "jbu-one")
    assert "SegEarth-OV" in caught.value.remedy
    assert "upsampler_weights" not in caught.value.remedy  # `predict` cannot be given it
    assert f"{tmp_path / 'weights' / 'jbu-one'}.ckpt" in caught.value.remedy
    (tmp_path / "weights").mkdir()
    saved(tmp_path / "weights" / "jbu-one.pt", "jbu-one")
    load_upsampler(module, "jbu-one")


def test_another_upsampler_and_another_file(tmp_path):
    saved(tmp_path / "a.ckpt", "jbu-stack")
    module = make_upsampler("jbu-one", 16)
    with pytest.raises(DataError, match="is the upsampler jbu-stack, not jbu-one") as caught:
        load_upsampler(module, "jbu-one", tmp_path / "a.ckpt")
    assert "upsampler=jbu-stack" in caught.value.remedy
    torch.save({"a": torch.zeros(1)}, tmp_path / "b.pt")
    with pytest.raises(DataError, match="is no upsampler"):
        load_upsampler(module, "jbu-one", tmp_path / "b.pt")


def test_another_joint_space(tmp_path):
    saved(tmp_path / "a.ckpt", "jbu-one", dim=8)
    with pytest.raises(StateMismatchError, match="trained for the model's own features"):
        load_upsampler(make_upsampler("jbu-one", 16), "jbu-one", tmp_path / "a.ckpt")


def test_numbers_that_are_not_finite(tmp_path):
    state = saved(tmp_path / "a.ckpt", "jbu-one")
    state["up.range_temp"].fill_(float("nan"))
    torch.save(state, tmp_path / "a.ckpt")
    with pytest.raises(DataError, match=r"up\.range_temp holds values that are not finite"):
        load_upsampler(make_upsampler("jbu-one", 16), "jbu-one", tmp_path / "a.ckpt")
