import pytest
import torch

from landwright.losses import build_loss
from landwright.networks import create_network


def compact(seed=0, **options):
    torch.manual_seed(seed)
    network = create_network("clcformer", classes=3, encoder="compact", **options)
    # A fresh SwinV2 ends its blocks with norms of weight zero; then nothing behind them would be tested.
    for name, parameter in network.named_parameters():
        if ".norm1." in name or ".norm2." in name:
            parameter.data.normal_(std=0.5)
    return network


def image(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def test_every_weight_moves_the_loss():
    mask = torch.randint(0, 3, (2, 96, 96), generator=torch.Generator().manual_seed(2))
    still = None
    # Squeeze layers have one or two hidden units, which a single draw of the weights may switch off.
    for seed in range(4):
        network = compact(seed, drop_rate=0.0).train()
        build_loss("clcformer", 3)(network(image(2, 3, 96, 96)), mask)["loss"].backward()
        names = {name for name, p in network.named_parameters() if p.ndim > 1 and p.grad.abs().max() < 1e-9}
        still = names if still is None else still & names
    assert still == set()


def test_gradient_of_a_train_step_in_double_precision():
    network = compact(drop_rate=0.0).double().eval()
    x, mask = image(1, 3, 64, 64).double(), torch.randint(0, 3, (1, 64, 64))
    criterion = build_loss("clcformer", 3)
    parameters = list(network.parameters())
    direction = [torch.randn_like(p) * p.std(correction=0) for p in parameters]

    def loss_at(step):
        with torch.no_grad():
            for parameter, way in zip(parameters, direction, strict=True):
                parameter.add_(way, alpha=step)
            value = criterion(network(x), mask)["loss"].item()
            for parameter, way in zip(parameters, direction, strict=True):
                parameter.sub_(way, alpha=step)
        return value

    gradients = torch.autograd.grad(criterion(network(x), mask)["loss"], parameters)
    slope = sum((g * way).sum().item() for g, way in zip(gradients, direction, strict=True))
    measured = (loss_at(1e-7) - loss_at(-1e-7)) / 2e-7
    assert measured == pytest.approx(slope, rel=1e-5)


def test_no_memory_of_the_last_image():
    network = compact().eval()
    x = image(1, 3, 64, 64)
    with torch.no_grad():
        before = network(x).classes
        network(image(1, 3, 320, 288))
        assert torch.equal(network(x).classes, before)


def test_padding_repeats_the_edge_and_is_cropped():
    network = compact().eval()
    x = image(1, 3, 50, 70)
    with torch.no_grad():
        padded = network(torch.nn.functional.pad(x, (0, 26, 0, 14), mode="replicate"))
        torch.testing.assert_close(network(x).classes, padded.classes[..., :50, :70])


def test_default_drop_rates():
    assert compact().token_dropout.p == 0.1
    assert compact(drop_rate=0.3).cnn.dropout.p == 0.3
    with torch.device("meta"):
        assert create_network("clcformer", classes=1, encoder="small").token_dropout.p == 0.4


def test_dropout_works_in_training_only():
    network, x = compact(drop_rate=0.5), image(2, 3, 64, 64)
    with torch.no_grad():
        assert not torch.equal(network.train()(x).classes, network(x).classes)
        assert torch.equal(network.eval()(x).classes, network(x).classes)


def test_compact_is_small():
    assert sum(p.numel() for p in compact().parameters()) < 6_000_000
