import huggingface_hub
import pytest
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from landwright.bundles import load_bundle
from landwright.errors import DataError, UsageError


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "last.ckpt", "pytorch_model.bin", "owner/model.pth"])
def test_pickles_are_sent_to_the_importer(tmp_path, name):
    with pytest.raises(UsageError, match="landwright models import"):
        load_bundle(tmp_path / name)


def test_a_single_file(bundle_path):
    with pytest.raises(UsageError, match="not the folder"):
        load_bundle(bundle_path / "model.safetensors")


def test_a_folder_without_card(tmp_path):
    with pytest.raises(DataError, match=r"no card\.yaml"):
        load_bundle(tmp_path)


@pytest.mark.parametrize(
    "where", ["./run", "runs/city/bundle", "nowhere", "/no/such", "~/no-such-folder-at-all", "a b/c"]
)
def test_a_path_that_does_not_exist(tmp_path, monkeypatch, where):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", None)
    with pytest.raises(DataError, match="no such folder") as caught:
        load_bundle(where)
    assert "owner/name" in caught.value.remedy


def test_a_folder_here_beside_the_name_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    with pytest.raises(DataError, match="no such folder"):
        load_bundle("runs/city")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """Stand in for the hub; set `answer` to a folder or an error."""
    monkeypatch.chdir(tmp_path)
    asked = {}

    def snapshot_download(repository, **options):
        asked.update(options, repository=repository)
        if isinstance(asked["answer"], Exception):
            raise asked["answer"]
        return str(asked["answer"])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return asked


def test_from_the_hub(hub, bundle_path):
    hub["answer"] = bundle_path
    assert load_bundle("owner/name", revision="v2").path == bundle_path
    assert (hub["repository"], hub["revision"]) == ("owner/name", "v2")
    assert set(hub["allow_patterns"]) == {"card.yaml", "*.safetensors", "README.md", "mlm.json"}


def test_the_hub_is_out_of_reach(hub):
    hub["answer"] = LocalEntryNotFoundError("offline")
    with pytest.raises(DataError, match="hub cannot be reached") as caught:
        load_bundle("owner/name")
    assert huggingface_hub.constants.HF_HUB_CACHE in caught.value.remedy


def http_error(kind):
    error = kind.__new__(kind)
    Exception.__init__(error, "404")
    return error


@pytest.mark.parametrize(
    ("kind", "problem"), [(RepositoryNotFoundError, "nor a repository"), (HfHubHTTPError, "did not give the model")]
)
def test_the_hub_says_no(hub, kind, problem):
    hub["answer"] = http_error(kind)
    with pytest.raises(DataError, match=problem):
        load_bundle("owner/name")


def test_another_kind_of_repository(hub, tmp_path):
    hub["answer"] = tmp_path
    with pytest.raises(DataError, match="not a landwright bundle"):
        load_bundle("owner/name")


def test_names_of_models_of_words_are_known():
    for name, words in (("clip-b61", "clip-b16"), ("clip-b16", "models import FILE --as clip-b16"), ("xyz", "Check")):
        with pytest.raises(DataError, match="no such folder") as caught:
            load_bundle(name)
        assert words in caught.value.remedy
