import importlib.util
import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import landwright
from landwright.bundles import Bundle, Card, NetworkCard, Normalization, ScoreCard
from landwright.bundles.importers import load as importing
from landwright.cli.models import app
from landwright.legends import load_legend
from landwright.networks import create_network
from landwright.networks.clip.towers import build_clip


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def compact():
    """A bundle of the smallest shipped network."""
    torch.manual_seed(0)
    network = create_network("clcformer", classes=6, encoder="compact")
    card = Card(
        name="compact",
        regime="masks",
        network=NetworkCard(name="clcformer", options={"encoder": "compact"}, classes=6),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.5,) * 3),
        gsd=(0.1, 0.3),
        legend=load_legend("isprs-6"),
        scores=(ScoreCard(protocol="pixel-pooled", data="val part", values={"miou": 0.625}),),
    )
    return Bundle(card, network.eval())


def test_list():
    result = run("list")
    assert result.exit_code == 0
    assert "clcformer" in result.output
    assert "smp:ARCHITECTURE:ENCODER" in result.output
    found = json.loads(run("list", "--json").output)
    assert "classes" in next(entry for entry in found["checkpoints"] if entry["name"] == "clcformer")["settings"]
    assert next(entry for entry in found["networks"] if entry["name"] == "clcformer")["default_tile"] == 512


def test_show_network():
    found = json.loads(run("show", "smp:unet:resnet18", "--json").output)
    assert found["parameters"] == pytest.approx(14.3e6, rel=0.01)
    assert found["stride"] == 32
    text = run("show", "smp:unet:resnet18").output
    assert "14.3" in text
    assert "MIT" in text


def test_show_clcformer_has_imagery_and_options():
    text = run("show", "clcformer").output
    assert "0.05 m to 0.3 m" in text
    assert "taps:" in text


def test_show_bundle(compact, tmp_path):
    compact.save(tmp_path / "bundle")
    text = run("show", tmp_path / "bundle").output
    for piece in ("encoder=compact", "red, green, blue", "building", "miou", "0.6250", "0.1 m to 0.3 m", "SHA-256"):
        assert piece in text
    found = json.loads(run("show", tmp_path / "bundle", "--json").output)
    assert found["card"]["legend"]["name"] == "isprs-6"
    assert found["parameters"] == sum(p.numel() for p in compact.network.parameters())


@pytest.mark.parametrize("name", ["no-such-folder", "model.pth", "./x"])
def test_show_nothing(name):
    result = run("show", name)
    assert result.exit_code in (2, 3)
    assert "remedy:" in result.output


@pytest.fixture
def shortcut(compact, monkeypatch):
    """Import without a network of fifty million parameters."""
    asked = {}

    def import_checkpoint(file, name, **options):
        asked.update(options, file=file, name=name)
        return compact

    monkeypatch.setattr("landwright.bundles.importers.import_checkpoint", import_checkpoint)
    return asked


def test_import_passes_everything_on(shortcut, tmp_path):
    arguments = ["import", "a.pth", "--as", "clcformer", "--set", "classes=6", "--set", "taps=legacy"]
    arguments += ["--legend", "isprs-6", "-o", tmp_path / "bundle"]
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert shortcut["settings"] == {"classes": "6", "taps": "legacy"}
    assert (shortcut["name"], shortcut["legend"]) == ("clcformer", "isprs-6")
    assert f"landwright predict IMAGE --model {tmp_path / 'bundle'}" in result.output
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert "is a bundle already" in refused.output
    again = run(*arguments, "--force", "--json")
    assert json.loads(again.output)["legend"] == "isprs-6"


def test_import_says_how_the_input_is_scaled(compact, monkeypatch, tmp_path):
    monkeypatch.setattr("landwright.bundles.importers.import_checkpoint", lambda *_, **__: compact)
    text = run("import", "a.pth", "--as", "clcformer", "-o", tmp_path / "a").output
    assert "Bands: red, green, blue. Input scaling: ImageNet's mean" in text
    torch.manual_seed(0)
    card = compact.card.model_copy(
        update={
            "network": NetworkCard(name="paraformer", options={"encoder": "compact"}, classes=6),
            "bands": ("red", "green", "blue", "near infrared"),
            "normalization": Normalization(divide=1, mean=(127.0,) * 4, std=(127.0,) * 4),
        }
    )
    network = create_network("paraformer", classes=6, bands=4, encoder="compact")
    monkeypatch.setattr("landwright.bundles.importers.import_checkpoint", lambda *_, **__: Bundle(card, network))
    text = run("import", "a.pth", "--as", "paraformer", "-o", tmp_path / "b").output
    assert "near infrared. Input scaling: NAIP's mean" in text
    found = json.loads(run("import", "a.pth", "--as", "paraformer", "-o", tmp_path / "c", "--json").output)
    assert found["bands"][3] == "near infrared"
    assert "Chesapeake" in found["scaling"]


def test_import_says_what_the_file_did_not(shortcut, tmp_path):
    arguments = ["import", "a.pth", "--as", "ctfa", "-o", tmp_path / "a", "--force"]
    assert "--set aux_block=dynamic" in run(*arguments).stderr
    assert "note:" not in run(*arguments, "--set", "aux_block=dynamic").stderr
    assert "note:" not in run("import", "a.pth", "--as", "clcformer", "-o", tmp_path / "b").stderr
    assert "aux_block=dynamic" in " ".join(run("import", "--help").output.split())


def test_show_paraformer():
    found = json.loads(run("show", "paraformer", "--json").output)
    assert found["branches"] is True
    assert found["parameters"] == pytest.approx(142.7e6, rel=0.001)


@pytest.mark.parametrize("setting", ["classes", "classes=", "=1"])
def test_settings_of_another_form(setting, tmp_path):
    result = run("import", "a.pth", "--as", "clcformer", "--set", setting, "-o", tmp_path / "b")
    assert result.exit_code == 2
    assert "key=value" in result.output


def test_import_of_a_missing_file(tmp_path):
    result = run("import", tmp_path / "a.pth", "--as", "clcformer", "--set", "classes=1", "-o", tmp_path / "b")
    assert result.exit_code == 3
    assert "no such file" in result.output
    assert not (tmp_path / "b").exists()


@pytest.fixture(scope="module")
def published(shared):
    """State dict of the published code, filled as the stored outputs were."""
    spec = importlib.util.spec_from_file_location("parity_fill", shared / "parity" / "fill.py")
    fill = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill)
    manifest = json.loads((shared / "parity/clcformer/manifest.json").read_text())
    kept = set(manifest["kept"])
    state = {}
    for name, (dtype, shape) in manifest["state_dict"].items():
        if name in kept or not dtype.startswith("float"):
            state[name] = torch.zeros(shape, dtype=getattr(torch, dtype))
        else:
            state[name] = torch.from_numpy(fill.values(name, tuple(shape)))
    return state, fill, manifest


@pytest.mark.slow
def test_a_published_checkpoint_maps_as_published(published, shared, tmp_path):
    state, fill, manifest = published
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, tmp_path / "a.pth")
    result = run("import", tmp_path / "a.pth", "--as", "clcformer", "--set", "classes=1", "-o", tmp_path / "bundle")
    assert result.exit_code == 0, result.output
    case = next(case for case in manifest["cases"] if case["file"] == "quick_binary_256.npz")
    image = torch.from_numpy(fill.image(case["input_seed"], tuple(case["input_shape"])))
    with torch.inference_mode():
        outputs = landwright.load(tmp_path / "bundle").network(image)
    stored = np.load(shared / "parity/clcformer" / case["file"])
    for name, found in zip(("map_x_s32", "map_1_s16", "map_2_s8"), outputs.auxiliary, strict=True):
        sample = found.reshape(-1)[:: case["tensors"][name]["flat_stride"]].numpy()
        np.testing.assert_allclose(sample, stored[f"{name}__sample"], rtol=0, atol=1e-5)
    sample = outputs.classes.reshape(-1)[:: case["tensors"]["map_3_s4"]["flat_stride"]].numpy()
    np.testing.assert_allclose(sample, stored["map_3_s4__sample"], rtol=0, atol=1e-5)


@pytest.mark.slow
def test_a_published_checkpoint_with_faults_is_refused(published, tmp_path):
    state = dict(published[0])
    del state["final_3.1.conv.bias"]
    state["final_4.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "a.pth")
    result = run("import", tmp_path / "a.pth", "--as", "clcformer", "--set", "classes=6", "-o", tmp_path / "bundle")
    assert result.exit_code == 3
    assert "missing (1): final_3.1.conv.bias" in result.output
    assert "unexpected (1): final_4.weight" in result.output
    assert "mis-shaped (7): " in result.output
    assert "final_3.1.conv.weight [1, 32, 3, 3] instead of [6, 32, 3, 3]" in result.output
    assert not (tmp_path / "bundle").exists()


def test_the_importer_is_the_one_of_the_facade():
    assert landwright.import_checkpoint is importing.import_checkpoint


@pytest.fixture
def small_clip(tmp_path, monkeypatch):
    """A checkpoint of a small dual encoder."""
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))
    torch.manual_seed(0)
    torch.save(build_clip("compact").state_dict(), tmp_path / "mine.pt")
    return tmp_path / "mine.pt"


def test_list_names_models_of_words_with_their_licences():
    text = run("list").output
    assert "farslip1-b16" in text
    assert "MetaCLIP of 2.5 billion pairs, ViT-B/16; licence: cc-by-nc-4.0" in text
    found = {entry["name"]: entry for entry in json.loads(run("list", "--json").output)["models"]}
    assert found["georsclip-b32"]["reference_activation"] == "gelu"
    assert "activation" in found["own"]["settings"]


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("farslip2-b16", ["248 tokens", "FarSLIP2_ViT-B-16.pt", "mit", "with stored outputs"]),
        ("georsclip-l14", ["unconfirmed", "gelu in the published table", "with nothing published"]),
        ("own", ["as the file has it", "--set activation="]),
    ],
)
def test_show_a_model_of_words(name, pieces):
    text = run("show", name).output
    assert all(piece in text for piece in pieces)
    assert json.loads(run("show", name, "--json").output)["name"] == name


def test_import_a_model_of_words(small_clip, tmp_path):
    arguments = ["import", small_clip, "--as", "own", "--set", "activation=gelu", "--templates", "single"]
    result = run(*arguments, "--words", "building, roof; road; wald", "--preset", "rs-ovss", "-o", tmp_path / "b")
    assert result.exit_code == 0, result.output
    assert "It looks for: building, roof; road; wald (preset rs-ovss, templates single)" in result.output
    assert "note: 'wald' does not look English" in result.output
    text = run("show", tmp_path / "b").output
    assert "model        own, preset rs-ovss, templates single, images brought to 448 pixels first" in text
    assert "words        building, roof; road; wald" in text
    found = json.loads(run(*arguments, "--vocabulary", "potsdam", "-o", tmp_path / "c", "--json").output)
    assert (found["legend"], found["words"][:4]) == ("potsdam", "road")
    refused = run(*arguments, "--words", "a; b", "--vocabulary", "potsdam", "-o", tmp_path / "d")
    assert refused.exit_code == 2
    assert not (tmp_path / "d").exists()


def test_sentences_and_changes_of_weights_are_told(small_clip, tmp_path):
    state = torch.load(small_clip)
    table = state["visual.positional_embedding"]
    state["visual.positional_embedding"] = torch.cat([table[:1], table[1:].repeat(4, 1)])
    torch.save(state, small_clip)
    (tmp_path / "mine.txt").write_text("{} from above\n", encoding="utf-8")
    arguments = ["import", small_clip, "--as", "own", "--set", "activation=gelu", "--templates", tmp_path / "mine.txt"]
    result = run(*arguments, "--words", "building; road", "-o", tmp_path / "b")
    assert result.exit_code == 0, result.output
    assert "note: image positions of 16 x 16 patches were fitted to the 8 x 8 of compact" in result.stderr
    text = run("show", tmp_path / "b").output
    assert "templates mine.txt" in text
    assert "sentences    {} from above" in text
    assert "note         image positions of 16 x 16" in text
