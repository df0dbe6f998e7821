import pytest
import torch
from safetensors.torch import save_file

from landwright.errors import DataError, UsageError
from landwright.networks import create_network, load_encoder_weights, network_info
from landwright.networks.ctfa import encoder as encoders


def make(classes=4, **options):
    torch.manual_seed(0)
    return create_network("ctfa", classes=classes, **({"encoder": "compact"} | options)).eval()


def image(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def test_published_size():
    with torch.device("meta"):
        network = create_network("ctfa", classes=16)
    # 176 tensors and 111.5 million numbers, less the unused head; a tensor of ours is one of theirs.
    assert len(network.state_dict()) == 176 - 2
    unused = 1000 * 768 + 1000
    assert sum(p.numel() for p in network.parameters()) + unused == pytest.approx(111.5e6, rel=1e-3)


def test_compact_is_small_and_has_another_stride():
    assert sum(p.numel() for p in make().parameters()) < 2_000_000
    info = network_info("ctfa", encoder="compact")
    assert (info.stride, info.tags, info.tokens, network_info("ctfa").stride) == (8, True, True, 16)


@pytest.mark.parametrize(("background", "tagged"), [(True, 3), (False, 4)])
def test_which_classes_have_tags(background, tagged):
    network = make(background=background)
    with torch.no_grad():
        outputs = network(image(2, 3, 40, 56))
    assert (network.tagged, network.background) == (tagged, background)
    assert [logits.shape for logits in outputs.tags] == [(2, tagged)] * 2
    assert outputs.classes.shape == outputs.foreground.shape == (2, 4, 40, 56)
    assert outputs.tokens.shape == (2, 128, 5, 7)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encoder": "vit"}, "encoder 'vit' is unknown"),
        ({"classes": 1}, "at least 2 classes"),
        ({"background": "yes"}, "background must be true or false"),
        ({"aux_block": 4}, "aux_block must be dynamic or a block from 0 to 3, not 4"),
        ({"aux_block": "last"}, "aux_block must be dynamic"),
        ({"aux_block": True}, "aux_block must be dynamic"),
    ],
)
def test_options_that_do_not_fit(options, words):
    with pytest.raises(UsageError, match=words):
        make(**options)


def test_a_step_and_the_map_say_the_same():
    network, x = make(), image(2, 3, 48, 64)
    with torch.no_grad():
        step, outputs = network.step(x), network(x)
        cam, cam_aux = network.cams(x)
    assert step.seg.shape == step.foreground.shape == (2, 4, 6, 8)
    assert torch.equal(step.tokens, network.encode(x))
    assert torch.equal(step.cls_token, network.cls_tokens(x))
    assert torch.equal(outputs.tags[0], step.cls)
    # Pooling by the mean and a linear layer change places.
    torch.testing.assert_close(cam.mean((2, 3)), step.cls)
    torch.testing.assert_close(cam_aux.mean((2, 3)), step.cls_aux)
    assert not cam.requires_grad


def test_the_class_heads_of_deit_read_the_greatest_value(monkeypatch):
    monkeypatch.setitem(encoders.LAYOUTS, "deit_tiny", shallow())
    network, x = make(encoder="deit_tiny"), image(1, 3, 32, 48)
    with torch.no_grad():
        greatest = network.encode(x).amax((2, 3))
        wanted = network.classifier.weight.flatten(1) @ greatest[0]
        torch.testing.assert_close(network.step(x).cls[0], wanted)


@pytest.mark.parametrize(("block", "seen"), [(None, 1), (0, 0), (3, 3)])
def test_the_auxiliary_head_reads_a_block(block, seen):
    network, x = make(aux_block=block), image(1, 3, 32, 32)
    with torch.no_grad():
        before = network.step(x)
        for later in network.encoder.blocks[seen + 1 :]:
            for parameter in later.parameters():
                parameter.add_(0.1)
        after = network.step(x)
    assert int(before.block) == seen
    assert torch.equal(before.cls_aux, after.cls_aux)
    assert torch.equal(before.cls, after.cls) == (seen == 3)


def test_a_dynamic_block_is_the_one_nearest_to_the_mean():
    network, x = make(aux_block="dynamic"), image(2, 3, 32, 32)
    with torch.no_grad():
        network.encoder.blocks[1].mlp.fc2.bias.add_(5.0)
        chosen = int(network.step(x).block)
        means = torch.stack([network.encoder(x, block).auxiliary.mean((1, 2, 3)) for block in (0, 1)])
    assert chosen == int((means - means.mean()).abs().mean(1).argmin())
    network.aux_block = chosen
    fixed = network.step(x).cls_aux
    network.aux_block = "dynamic"
    assert torch.equal(network.step(x).cls_aux, fixed)


def test_the_teacher_follows_the_student_and_never_learns():
    network = make().train()
    tokens = image(3, 128)
    assert torch.equal(network.teach(tokens), network.project(tokens))
    with torch.no_grad():
        network.proj_head.mlp[0].weight.add_(1.0)
    old = network.proj_head_t.mlp[0].weight.clone()
    network.update_teacher(momentum=0.75)
    torch.testing.assert_close(network.proj_head_t.mlp[0].weight, old + 0.25)
    vectors = network.project(tokens)
    assert vectors.shape == (3, 1024)
    assert vectors.abs().max() <= 1 + 1e-5
    vectors.sum().backward()
    assert network.proj_head.last_layer.parametrizations.weight.original0.grad is None
    assert network.proj_head.last_layer.parametrizations.weight.original1.grad is not None
    assert not any(parameter.requires_grad for parameter in network.proj_head_t.parameters())
    assert not network.teach(tokens).requires_grad


def shallow():
    """DeiT-tiny's sizes but for the width."""
    return encoders._deit("tiny", 48, 3)


def test_published_encoder_weights_and_their_head(monkeypatch, tmp_path):
    monkeypatch.setitem(encoders.LAYOUTS, "deit_tiny", shallow())
    network = make(encoder="deit_tiny", bands=4)
    assert not network.encoder.pos_embed.requires_grad
    source = create_network("ctfa", classes=2, encoder="deit_tiny").encoder.state_dict()
    head = {"head.weight": torch.zeros(1000, 48), "head.bias": torch.zeros(1000)}
    save_file(source | head, tmp_path / "deit.safetensors")
    report = load_encoder_weights(network, tmp_path / "deit.safetensors")
    assert (report.loaded, sorted(report.ignored)) == ({"encoder": len(source)}, sorted(head))
    assert torch.equal(network.encoder.norm.weight, source["norm.weight"])
    assert network.encoder.patch_embed.proj.weight.shape[1] == 4
    save_file({"norm.weight": torch.zeros(48)}, tmp_path / "half.safetensors")
    with pytest.raises(DataError, match="do not fit"):
        load_encoder_weights(network, tmp_path / "half.safetensors")


def test_the_hub_has_deit_and_nothing_for_compact(monkeypatch):
    with pytest.raises(UsageError, match="no encoder that could take weights"):
        load_encoder_weights(make(), "hub")
    asked = []
    monkeypatch.setattr(encoders, "timm_weights", lambda name: asked.append(name) or {})
    with torch.device("meta"):
        network = create_network("ctfa", classes=2, encoder="deit_small")
    with pytest.raises(DataError, match="missing"):
        load_encoder_weights(network, "hub")
    assert asked == ["timm/deit_small_patch16_224.fb_in1k"]
