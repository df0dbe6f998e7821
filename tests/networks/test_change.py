import pytest
import torch

from landwright.errors import UsageError
from landwright.networks import create_network, network_info


def compact(**options):
    torch.manual_seed(0)
    return create_network("change", classes=2, encoder="compact", **options).eval()


def test_two_dates_by_default():
    assert network_info("change").dates == 2
    assert compact().encoder.stem[0][0].in_channels == 3
    assert compact(bands=8).encoder.stem[0][0].in_channels == 4


def test_an_odd_number_of_bands():
    with pytest.raises(UsageError, match="an even number of bands, not 3"):
        compact(bands=3)


def test_the_order_of_the_dates_does_not_matter():
    before, after = torch.randn(2, 2, 3, 40, 56)
    with torch.no_grad():
        forth = compact()(torch.cat((before, after), 1)).classes
        back = compact()(torch.cat((after, before), 1)).classes
    torch.testing.assert_close(forth, back)


def test_equal_dates_give_the_answer_for_no_change_everywhere():
    network = compact()
    first, second = torch.randn(2, 1, 3, 64, 64)
    with torch.no_grad():
        same = network(torch.cat((first, first), 1)).classes
        other = network(torch.cat((second, second), 1)).classes
    torch.testing.assert_close(same, other)


def test_dinov2_as_encoder():
    network = create_network("change", classes=1, bands=2, encoder="vits", features=8, out_channels=[4, 4, 4, 4]).eval()
    with torch.no_grad():
        assert network(torch.randn(2, 2, 30, 41)).classes.shape == (2, 1, 30, 41)
    assert network.encoder_parts()[0].name == "encoder"
