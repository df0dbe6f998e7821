"""FarSLIP's losses against those that its published code gave, with the norms of their gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from landwright.losses import info_nce, multi_positive
from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.networks.clip.towers import build_clip
from landwright.recipe import WordsSpec
from landwright.regimes.words_losses import WordBatch, word_losses
from landwright.tensors import Unfilled
from landwright.words.tokens import tokenizer

RELATIVE = 2e-4


@pytest.fixture(scope="module")
def ovss(parity) -> Any:
    return parity("ovss")


@pytest.fixture(scope="module")
def cases(ovss) -> dict[str, Any]:
    return {case["name"]: case for case in ovss.losses["cases"]}


@pytest.fixture(scope="module")
def encoder(ovss) -> OpenClipEncoder:
    """ViT-B/32 with OpenAI's activation, filled by official names; nothing of it is changed by a test."""
    with Unfilled():
        clip = build_clip("ViT-B-32", activation="quick_gelu")
    config = ovss.manifest["configs"]["B32qg"]
    clip.load_state_dict(ovss.weights({**ovss.manifest["state_dict"], **config["state_dict"]}), assign=True)
    return OpenClipEncoder(clip.train())


def features(ovss, seed: int) -> Tensor:
    return F.normalize(ovss.image(seed, [8, 32, 16]).reshape(8, 512), dim=-1).requires_grad_()


@pytest.mark.parametrize("name", ["clip_loss", "clip_loss_padded", "multi_positive"])
def test_a_loss_and_its_gradients_are_the_published_ones(ovss, cases, name: str) -> None:
    case = cases[name]
    image, text = features(ovss, 31), features(ovss, 32)
    scale = torch.tensor(case["inputs"]["logit_scale"], requires_grad=True)
    if name == "multi_positive":
        loss = multi_positive(image, text, scale, torch.tensor(case["inputs"]["labels"]))
    else:
        valid = case["inputs"].get("valid")
        loss = info_nce(image, text, scale, None if valid is None else torch.tensor(valid, dtype=torch.bool))
    loss.backward()
    assert loss.item() == pytest.approx(case["value"], rel=1e-5)
    norms = [float(tensor.grad.norm()) for tensor in (image, text, scale)]
    assert norms == pytest.approx(case["grad_norm"], rel=1e-4)


def settings(config: dict[str, Any]) -> WordsSpec:
    wanted = config["loss_type"]
    return WordsSpec(
        caption=config["w_g"] if "global_itc" in wanted else 0,
        region=config["w_l"] if "local_itc" in wanted else 0,
        distillation=config["w_d"] if "distill" in wanted else 0,
        align=config["distill_align"],
        attention=config["last_attn_type"].lower(),
        teacher=config["distill_type"],
    )


def published_batch(ovss, inputs: dict[str, Any]) -> WordBatch:
    def drawn(words: str) -> Tensor:
        seed, shape = words.removeprefix("image(").removesuffix("))").split(",(")
        return ovss.image(int(seed), [int(size) for size in shape.split(",")])

    read = tokenizer("openclip", "ViT-B-32", 77)
    image, local = drawn(inputs["global_image"]), drawn(inputs["local_images"])
    count = local.shape[1]
    used = torch.tensor(inputs.get("local_valid", [[1] * count] * len(image)), dtype=torch.bool)
    places = used.nonzero()[:, 0]
    labels = torch.full((len(places),), -1)
    categories = torch.zeros(0, 77, dtype=torch.int64)
    if "local_text" in inputs:
        phrase, words = inputs["local_text"]
        categories = read([phrase.replace("<c>", word) for row in words for word in row])
        labels = torch.tensor([number for row in inputs["local_categories"] for number in row])
    return WordBatch(
        image=image,
        crops=local[used],
        boxes=torch.tensor(inputs["boxes"])[used][:, :4],
        places=places,
        labels=labels,
        categories=categories,
        named=torch.arange(len(categories)),
        captions=read(inputs["global_text"]),
        said=torch.arange(len(image)),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["farslip_stage1", "farslip_stage1_roi2cls", "farslip_stage1_maskclip", "farslip_stage2"]
)
def test_a_whole_objective_and_its_gradients_are_the_published_ones(ovss, cases, encoder, name: str) -> None:
    case = cases[name]
    spec = settings(case["config"])
    encoder.zero_grad()
    terms = word_losses(encoder, published_batch(ovss, case["inputs"]), spec)
    loss = torch.stack(list(terms.values())).sum()
    loss.backward()
    weighted = {"distillation": "distill", "region": "region_itc", "caption": "global_itc"}
    found = {weighted[key]: term.item() / getattr(spec, key) for key, term in terms.items()}
    assert {**found, "loss": loss.item()} == pytest.approx(case["losses"], rel=RELATIVE)
    gradients = {key: value.grad for key, value in encoder.clip.named_parameters() if value.grad is not None}
    norms = {key: float(gradients[key].norm()) for key in case["grad_norm"] if key != "total"}
    norms["total"] = float(torch.stack([gradient.norm() for gradient in gradients.values()]).norm())
    assert norms == pytest.approx(case["grad_norm"], rel=1e-3)


def test_every_stored_loss_is_compared(cases) -> None:
    assert set(cases) == {
        "clip_loss",
        "clip_loss_padded",
        "multi_positive",
        "farslip_stage1",
        "farslip_stage1_roi2cls",
        "farslip_stage1_maskclip",
        "farslip_stage2",
        "miou",  # in the tests of the scores
    }
