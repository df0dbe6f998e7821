import pytest
import torch

from landwright.networks.clip.towers import build_clip


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Weights and features of the tests lie in their own folders, and no hub is asked."""
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))
    monkeypatch.setenv("LANDWRIGHT_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def state():
    """A small CLIP by open_clip's names: patches of 8, 77 text positions."""
    torch.manual_seed(0)
    return {name: tensor.clone() for name, tensor in build_clip("compact").state_dict().items()}


@pytest.fixture(scope="session")
def long_state(state):
    """The same as LongCLIP's training saves it, masks included."""
    torch.manual_seed(1)
    first, second = torch.randn(2, 248, 128)
    kept = torch.arange(248)[:, None] < 20
    return state | {
        "positional_embedding": first,
        "positional_embedding_res": second,
        "mask1": kept.float(),
        "mask2": 1 - kept.float(),
    }


@pytest.fixture
def saved(tmp_path, state):
    """The small CLIP in a file."""
    torch.save(state, tmp_path / "own.pt")
    return tmp_path / "own.pt"
