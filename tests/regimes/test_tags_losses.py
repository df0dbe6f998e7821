"""One step of the regime ``tags``: what the parity tests do not cover, which is the mended form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from landwright.legends import load_legend
from landwright.losses import tag_loss
from landwright.networks import create_network
from landwright.networks.ctfa import Ctfa, multi_scale_cams
from landwright.recipe import Recipe
from landwright.regimes.tags_losses import TagBatch, pseudo_labels, tag_losses
from landwright.regimes.tags_plan import TagsPlan, resolve

SIDE = 32


def plan_for(background: bool = True, **tags: Any) -> TagsPlan:
    recipe = Recipe.model_validate(
        {
            "regime": "tags",
            "classes": "isaid-16",
            "data": {"images": "i", "tile": SIDE},
            "network": {"name": "ctfa"},
            "tags": {"crops": 2, "crop_size": 16, "segments": "slic", **tags},
        }
    )
    return replace(resolve(recipe, load_legend("isaid-16"), stride=8), background=background)


@pytest.fixture
def network() -> Ctfa:
    torch.manual_seed(0)
    made = create_network("ctfa", classes=4, encoder="compact", background=True)
    assert isinstance(made, Ctfa)
    return made


def batch_of(valid: torch.Tensor | None = None, tags: list[list[int]] | None = None) -> TagBatch:
    generator = torch.Generator().manual_seed(1)

    def noise() -> torch.Tensor:
        return torch.randn(2, 3, SIDE, SIDE, generator=generator)

    objects = torch.arange(SIDE) // 8 + 1
    return TagBatch(
        image=noise(),
        picture=noise().sigmoid(),
        tags=torch.tensor(tags or [[1, 0, 1], [0, 1, 0]]).float(),
        valid=torch.ones(2, SIDE, SIDE, dtype=torch.bool) if valid is None else valid,
        local=noise(),
        second=noise(),
        objects=objects.expand(2, SIDE, SIDE),
        boundary=(torch.arange(SIDE) % 8 == 0).long().expand(2, SIDE, SIDE),
    )


def run(network: Ctfa, batch: TagBatch, plan: TagsPlan, *, mapped: bool = True) -> dict[str, torch.Tensor]:
    torch.manual_seed(2)
    return tag_losses(network, batch, plan, mapped=mapped)


def test_the_total_is_the_weighted_sum(network: Ctfa) -> None:
    plan = plan_for()
    terms = run(network, batch_of(), plan)
    weights = {name: getattr(plan, name) for name in terms.keys() - {"loss", "tags", "tags_aux"}}
    total = terms["tags"] + terms["tags_aux"] + sum(weight * terms[name] for name, weight in weights.items())
    torch.testing.assert_close(terms["loss"], total)
    with torch.no_grad():
        torch.testing.assert_close(terms["tags"], tag_loss(network.step(batch_of().image).cls, batch_of().tags))


def test_every_part_learns_and_the_warm_up_leaves_decoders_alone(network: Ctfa) -> None:
    run(network, batch_of(), plan_for(), mapped=False)["loss"].backward()
    assert all(parameter.grad is None for parameter in network.decoder.parameters())
    run(network, batch_of(), plan_for())["loss"].backward()
    silent = [name for name, weight in network.named_parameters() if weight.requires_grad and weight.grad is None]
    assert silent == []


def test_the_boundary_loss_has_a_gradient(network: Ctfa) -> None:
    term = run(network, batch_of(), plan_for())["boundary"]
    (gradient,) = torch.autograd.grad(term, network.decoder.conv8.weight)
    assert gradient.abs().sum() > 0


def test_the_teacher_moves_when_it_is_asked_to(network: Ctfa) -> None:
    with torch.no_grad():
        network.proj_head.mlp[0].weight.add_(1.0)
    before = network.proj_head_t.mlp[0].weight.clone()
    tag_losses(network, batch_of(), plan_for(), mapped=False, move_teacher=False)
    assert torch.equal(before, network.proj_head_t.mlp[0].weight)
    tag_losses(network, batch_of(), plan_for(), mapped=False)
    torch.testing.assert_close(network.proj_head_t.mlp[0].weight, before + 0.1)


@pytest.mark.parametrize("tags", [[[0, 0, 0], [0, 0, 0]], [[1, 1, 1], [1, 1, 1]]])
@pytest.mark.parametrize("rows", [0, 1, SIDE])
def test_nothing_makes_it_infinite(network: Ctfa, tags: list[list[int]], rows: int) -> None:
    valid = torch.zeros(2, SIDE, SIDE, dtype=torch.bool)
    valid[:, :rows] = True
    terms = run(network, batch_of(valid, tags), plan_for())
    assert all(term.isfinite() for term in terms.values())
    terms["loss"].backward()
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_terms_do_not_depend_on_who_shares_the_batch(network: Ctfa) -> None:
    plan = plan_for(patchlink="union")
    full = batch_of()
    single = TagBatch(*(None if field is None else field[:1] for field in full))
    double = TagBatch(*(None if field is None else torch.cat((field[:1], field[:1])) for field in full))
    network.eval()
    for name in ("affinity", "objects", "boundary", "seg", "joint"):
        one, two = (run(network, batch, plan)[name] for batch in (single, double))
        # The published mean over pairs counts one pair more than there are.
        torch.testing.assert_close(one, two, rtol=0.1 if name == "affinity" else 2e-3, atol=1e-4)


@pytest.mark.parametrize("mode", ["per_object_mean", "official"])
def test_objects_count_whatever_their_number(network: Ctfa, mode: str) -> None:
    plan, batch = plan_for(object_loss=mode), batch_of()
    assert batch.objects is not None
    # One of them is none, so that the published numbering, which leaves the smallest number, gives the same.
    objects = batch.objects - 1
    few = run(network, batch._replace(objects=objects), plan)["objects"]
    many = run(network, batch._replace(objects=objects * 300), plan)["objects"]
    assert few > 0
    torch.testing.assert_close(many, few, rtol=1e-4, atol=0)


def test_labels_end_where_the_image_does(network: Ctfa) -> None:
    valid = torch.ones(2, SIDE, SIDE, dtype=torch.bool)
    valid[:, :, 16:] = False
    batch, cam = batch_of(valid), torch.rand(2, 3, SIDE, SIDE)
    assert (pseudo_labels(cam, batch, plan_for())[~valid] == 255).all()
    without = pseudo_labels(cam, batch_of(), plan_for(background=False))
    assert set(without[0].unique().tolist()) <= {0, 2, 255}
    assert network.tagged == 3


@pytest.mark.parametrize("dtype", [torch.bfloat16])
def test_half_precision_changes_little(network: Ctfa, dtype: torch.dtype) -> None:
    full = run(network, batch_of(), plan_for())
    with torch.autocast("cpu", dtype=dtype):
        half = run(network, batch_of(), plan_for())
    assert half["loss"].dtype == torch.float32
    for name in ("tags", "affinity", "objects", "joint"):
        torch.testing.assert_close(half[name], full[name], rtol=0.1, atol=0.02)


@pytest.mark.parametrize("paper", [False, True])
def test_padding_stretches_activation_maps_as_published_alone(
    network: Ctfa, monkeypatch: pytest.MonkeyPatch, paper: bool
) -> None:
    seen = []

    def cams(*arguments: Any, valid: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(valid)
        return multi_scale_cams(*arguments, valid=valid)

    monkeypatch.setattr("landwright.regimes.tags_losses.multi_scale_cams", cams)
    batch = batch_of()
    run(network, batch, replace(plan_for(), paper=paper), mapped=False)
    assert len(seen) == 1
    assert seen[0] is (None if paper else batch.valid)


def test_the_number_of_the_padding_is_no_boundary_but_as_published(network: Ctfa) -> None:
    batch = batch_of()
    assert batch.boundary is not None
    padded = torch.cat((torch.full((2, 8, SIDE), 255), batch.boundary[:, 8:]), dim=1)
    for form in ("soft", "precision", "official"):
        plan = replace(plan_for(), paper=True, aux_block=None, boundary_loss=form)
        found, bare = (
            run(network, batch._replace(boundary=ends), plan)["boundary"] for ends in (padded, padded * (padded == 1))
        )
        assert torch.equal(found, bare) is (form != "official")
