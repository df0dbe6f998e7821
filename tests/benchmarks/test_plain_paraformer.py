"""The yardstick of benchmarks/networks.py is the same network with the same loss."""

import importlib
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"
COMPACT = {"encoder": "compact", "img_size": 64}


@pytest.fixture
def cases(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("network_cases")


def test_both_give_the_same_logits_losses_and_gradients(cases):
    case = cases.Case("paraformer", COMPACT, classes=5, size=64, batch=2, threads=torch.get_num_threads())
    image, labels = cases.batch(case)
    found = {}
    for name, (network, loss) in cases.contenders(case).items():
        outputs = network.eval()(image)
        value = loss(outputs, labels)
        value.backward()
        norm = torch.nn.utils.get_total_norm([parameter.grad for parameter in network.parameters()])
        found[name] = (outputs, value, norm)
    (ours, loss, norm), (theirs, plain_loss, plain_norm) = found["landwright"], found["plain re-statement"]
    torch.testing.assert_close((ours.classes, *ours.auxiliary), (theirs.classes, *theirs.auxiliary), atol=1e-5, rtol=0)
    torch.testing.assert_close((loss, norm), (plain_loss, plain_norm), atol=0, rtol=1e-4)


def test_the_plain_form_fits_one_size_only(cases):
    case = cases.Case("paraformer", COMPACT, classes=5, size=96, batch=1, threads=torch.get_num_threads())
    assert list(cases.contenders(case)) == ["landwright"]


@pytest.mark.slow
def test_the_script_shows_times_parts_and_memory(monkeypatch, capsys):
    monkeypatch.syspath_prepend(FOLDER)
    script = importlib.import_module("networks")
    monkeypatch.setattr(script, "matrix_rate", partial(script.matrix_rate, side=256))
    command = ["networks.py", "--network", "paraformer", "--set", "encoder=compact", "img_size=64"]
    options = ["--size", "64", "--repeats", "1", "--threads", str(torch.get_num_threads())]
    monkeypatch.setattr(sys, "argv", [*command, *options])
    script.main()
    shown = capsys.readouterr().out
    for row in ("| train step | plain re-statement |", "| decoder at 1/2 |", "MB at the peak"):
        assert row in shown
