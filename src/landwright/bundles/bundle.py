"""The model bundle: a folder with all that prediction needs besides the image."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from os import PathLike
from pathlib import Path

import torch
from torch import nn

from landwright.bundles.card import Card
from landwright.bundles.cardfile import CARD, read_card
from landwright.bundles.locate import contained, locate
from landwright.bundles.save import save_bundle
from landwright.bundles.weights import checksum
from landwright.errors import DataError, UsageError
from landwright.legends import Legend
from landwright.networks import create_network
from landwright.tensors import Unfilled, fill, read_safetensors

ONNX = ".onnx"


@dataclass(frozen=True)
class Bundle:
    """A network with its card.

    Attributes:
        card: All that prediction needs besides the weights.
        network: The network in eval mode; takes normalised float32 (B, C, H, W) of any H and W and returns
            :class:`landwright.networks.Outputs`.
        path: Folder that it was loaded from, or None while it exists in memory only.
    """

    card: Card
    network: nn.Module
    path: Path | None = None

    @property
    def legend(self) -> Legend:
        """Classes with codes and colours."""
        return self.card.legend

    @property
    def device(self) -> torch.device:
        """Device of the network."""
        return next(chain(self.network.parameters(), self.network.buffers())).device

    @property
    def exported(self) -> bool:
        """Whether it was loaded from an ONNX file, which only maps."""
        return self.path is not None and self.path.suffix.lower() == ONNX

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the bundle to a folder, see :func:`landwright.save_bundle`.

        Raises:
            UsageError: It was loaded from an ONNX file, which is no bundle.
        """
        if self.exported:
            raise UsageError(
                "cannot be made a bundle again", path=self.path, remedy="Copy the bundle that it was exported from"
            )
        return save_bundle(path, self.card, self.network, overwrite=overwrite)


def load_bundle(
    where: str | PathLike[str], *, device: str | torch.device = "cpu", revision: str | None = None
) -> Bundle:
    """Load a model bundle. Nothing in it is executed: weights are safetensors, the card is data.

    Args:
        where: Bundle folder, run folder with ``bundle/`` in it, hub id ``owner/name``, or an ONNX file that
            ``landwright export`` wrote.
        device: Device for the network, such as ``cpu``, ``cuda`` or ``cuda:1``.
        revision: Branch, tag or commit, for a hub id.

    Returns:
        The bundle, its network in eval mode.

    Raises:
        UsageError: A pickled checkpoint or a single file is given, or this machine has no such device.
        DataError: There is no bundle, it is damaged, was changed after it was made or is of a newer version.
        StateMismatchError: The weights do not fit the network that the card names.
    """
    if str(where).lower().endswith(ONNX) and not Path(where).is_dir():
        # Not above: files are written from bundles, and read into them.
        from landwright.bundles.export.session import load_onnx

        return load_onnx(where, device=device)
    place = available(device)
    folder = locate(where, revision)
    card = read_card(contained(folder, CARD))
    weights = contained(folder, card.weights)
    if card.weights_sha256 is None:
        raise DataError("names no weights_sha256, so the weights cannot be trusted to be its own", path=folder / CARD)
    if checksum(weights) != card.weights_sha256.lower():
        raise DataError(
            "the weights are not those of the card: their SHA-256 differs",
            path=weights,
            remedy="The file is damaged or was replaced; copy the bundle again",
        )
    with Unfilled():
        network = build(card, folder / CARD)
    fill(
        network,
        read_safetensors(weights),
        name=card.network.name,
        path=weights,
        remedy=f"Check the network section of {CARD}",
    )
    return Bundle(card, network.to(place).eval(), folder)


def build(card: Card, path: Path) -> nn.Module:
    """Build the network that a card names; its weights are still to be filled in.

    Args:
        card: The card.
        path: Its file, for messages.

    Raises:
        DataError: The network or one of its options is unknown here.
    """
    try:
        return create_network(
            card.network.name, classes=card.network.classes, bands=len(card.bands), **card.network.options
        )
    except UsageError as error:
        raise DataError(error.problem, path=path, remedy=error.remedy) from error
    except (TypeError, ValueError) as error:
        raise DataError(f"network {card.network.name!r} cannot be built from the card: {error}", path=path) from error


def available(device: str | torch.device) -> torch.device:
    """Return the device, if this machine has it.

    Raises:
        UsageError: The name is unknown, or there is no such device.
    """
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(
            f"device {str(device)!r} cannot be used: {reason}", remedy="Use cpu; `landwright doctor` lists the devices"
        ) from error
    return place
