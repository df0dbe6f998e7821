"""Words and images as published pipelines read them: token ids, text features, LongCLIP files, the reduction."""

import numpy as np
import pytest
import torch

from landwright.words import CLIP_MEAN, CLIP_STD, DenseClip, load_templates, resize_long_side

FEATURES = 1e-4
PIXELS = 1e-6
CASES = {"text_b16qg": "farslip1-b16", "text_b16qgLC": "farslip2-b16"}


@pytest.fixture(scope="module")
def ovss(parity):
    return parity("ovss")


@pytest.fixture(scope="module", params=CASES)
def case(request, ovss, tmp_path_factory):
    """A published file in full size, read as the model that it stands for."""
    case = ovss.case(request.param)
    settings = ovss.manifest["configs"][case["config"]]
    entries = ovss.manifest["state_dict"]
    if isinstance(settings["state_dict"], dict):
        entries = entries | settings["state_dict"]
    state = ovss.shared({name: entry for name, entry in entries.items() if name not in settings["kept"]})
    state |= {name: torch.zeros(entries[name][1]) for name in settings["kept"]}
    file = tmp_path_factory.mktemp("published") / "a.pt"
    torch.save({"epoch": 1, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, file)
    dense = DenseClip(CASES[request.param], file)
    file.unlink()
    return case, ovss.arrays(request.param), dense


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))


@pytest.mark.slow
def test_sentences(case):
    case, stored, dense = case
    ids = dense.tokenizer(case["prompts"])
    assert ids.shape == (len(case["prompts"]), case["context_length"])
    np.testing.assert_array_equal(ids[:, :40].numpy(), stored["prompt_ids"])
    found = dense.encode_text(case["prompts"]).numpy()
    np.testing.assert_allclose(found, stored["prompt_features"], rtol=0, atol=FEATURES)


@pytest.mark.slow
def test_words(case):
    case, stored, dense = case
    words = [word for name in case["class_names"] for word in name.split(",")]
    assert len(load_templates("imagenet80").prompts) == 80
    found = dense.word_features(words)
    np.testing.assert_allclose(found.numpy(), stored["query_features"], rtol=0, atol=FEATURES)


@pytest.mark.slow
def test_what_is_longer_than_the_context_ends_at_its_last_position(case):
    case, _, dense = case
    ids = dense.tokenizer([" ".join(["road"] * 400)])
    assert int(ids.argmax()) == case["context_length"] - 1


def test_reduction(ovss):
    case, stored = ovss.case("preprocess"), ovss.arrays("preprocess")
    mean, std = (np.array(values)[:, None, None] for values in (CLIP_MEAN, CLIP_STD))
    for entry in case["inputs"]:
        seed, (height, width) = entry["seed"], entry["size"]
        noise = ovss.image(seed, [3, height, width]).numpy().astype(np.float64)
        image = np.clip(np.round(127.5 + 60 * noise), 0, 255).astype(np.uint8).transpose(1, 2, 0)
        small = resize_long_side(np.ascontiguousarray(image), 448)
        assert list(small.shape[:2]) == entry["resized"]
        found = ((small.transpose(2, 0, 1) / 255 - mean) / std)[:, ::8, ::8]
        np.testing.assert_allclose(found, stored[f"s{seed}.tensor"], rtol=0, atol=PIXELS)
