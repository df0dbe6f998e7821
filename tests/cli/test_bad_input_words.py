"""What goes wrong with words and their models at the command line: one sentence, an exit code, no half-written file."""

import pytest
import torch
from typer.testing import CliRunner

from landwright.cli.models import app
from landwright.networks.clip.towers import build_clip


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))
    monkeypatch.setenv("LANDWRIGHT_WEIGHTS", str(tmp_path / "weights"))


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return build_clip("compact").state_dict()


@pytest.fixture
def bring(tmp_path, state):
    """Import a file and return the exit code and the message; nothing may be left where it fails."""

    def run(name="own", *arguments, content=None, activation="gelu"):
        torch.save(state if content is None else content, tmp_path / "a.pt")
        output = tmp_path / "bundle"
        settings = ["--set", f"activation={activation}"] if activation else []
        command = ["import", str(tmp_path / "a.pt"), "--as", name, "--templates", "single", *settings]
        result = CliRunner().invoke(app, [*command, *arguments, "-o", str(output)])
        assert output.exists() is (result.exit_code == 0)
        assert not list(tmp_path.glob(".*"))
        return result.exit_code, result.output

    return run


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("road; ...", "the word '...' has no letters"),
        (f"road; {'very ' * 80}long", "tokens long, but the model's context of 77 leaves"),
        ("road, tree; tree", "tree"),
        ("road", "one class only"),
        ("building; <start_of_text>; road", "holds a mark with which the tokenizer"),
        ("; ,", "no classes"),
        ("; ".join(f"place {number}" for number in range(300)), "300 classes"),
    ],
)
def test_words(bring, words, problem):
    code, output = bring("own", "--words", words)
    assert code == 2
    assert problem in output
    assert "remedy:" in output


def test_another_language_is_a_note_and_no_error(bring):
    code, output = bring("own", "--words", "Straße; Gebäude")
    assert code == 0
    assert "do not look English" in output


def test_no_and_unknown_activation(bring):
    code, output = bring(activation=None)
    assert (code, "no file tells the activation" in output, "activation=quick_gelu" in output) == (2, True, True)
    code, output = bring(activation="relu")
    assert (code, "activation 'relu' is unknown" in output) == (2, True)


def test_weights_of_another_architecture(bring):
    code, output = bring("clip-b16", activation=None)
    assert code == 3
    assert "holds the towers of compact (patches of 8 pixels" in output
    assert "not those of ViT-B-16" in output


def test_a_plain_file_where_longclip_is_said(bring):
    code, output = bring("own", "--set", "context=248")
    assert code == 3
    assert "its texts have 77 positions of plain CLIP, not the 248 positions of LongCLIP" in output
    assert "--set context=77" in output


def test_a_plain_file_where_another_family_is_said(bring):
    for name in ("siglip-b16", "flair-b16", "clipself-b16"):
        code, output = bring(name, activation=None)
        assert code == 3
        assert f"is a plain CLIP, both towers, not the weights of {name}" in output
        assert "remedy: Name the model that it is" in output


def test_numbers_that_are_not_finite(bring, state):
    bad = torch.full_like(state["ln_final.bias"], float("nan"))
    code, output = bring(content=state | {"ln_final.bias": bad})
    assert code == 3
    assert "its tensor ln_final.bias holds values that are not finite" in output


def test_a_folder_of_features_that_is_none(bring, monkeypatch, tmp_path):
    (tmp_path / "afile").write_bytes(b"")
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "afile" / "x"))
    with pytest.warns(UserWarning, match="features of words cannot be kept"):
        code, _ = bring()
    assert code == 0


def test_a_tensor_missing_and_one_too_many(bring, state):
    content = {name: tensor for name, tensor in state.items() if name != "ln_final.bias"}
    code, output = bring(content=content | {"extra.weight": torch.zeros(1)})
    assert code == 3
    assert "missing (1): ln_final.bias" in output
    assert "unexpected (1): extra.weight" in output


def test_something_else_and_nothing(bring, tmp_path):
    code, output = bring(content={"image_encoder.a": torch.zeros(1), "mask_decoder.b": torch.zeros(1)})
    assert (code, "is a Segment Anything model" in output, "remedy:" in output) == (3, True, True)
    result = CliRunner().invoke(app, ["import", str(tmp_path / "no.pt"), "--as", "clip-b16", "-o", str(tmp_path / "b")])
    assert (result.exit_code, "no such file" in result.output) == (3, True)


def test_an_unknown_vocabulary_and_unknown_templates(bring):
    code, output = bring("own", "--vocabulary", "postdam")
    assert (code, "Did you mean potsdam?" in output) == (2, True)
    code, output = bring("own", "--templates", "imagenet")
    assert (code, "no templates named 'imagenet'" in output) == (2, True)


def test_no_hub(monkeypatch, tmp_path):
    from landwright.bundles import words_bundle
    from landwright.errors import DataError

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(DataError, match="the hub cannot be reached") as caught:
        words_bundle()
    assert caught.value.exit_code == 3
    assert "FarSLIP1_ViT-B-16.pt of https://huggingface.co/ZhenShiL/FarSLIP" in caught.value.remedy
    assert str(tmp_path / "weights" / "farslip1-b16.pt") in caught.value.remedy
