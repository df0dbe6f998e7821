"""The list of published vision-language models, with what must be known to load each of them rightly."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from landwright.errors import UsageError
from landwright.words.preprocess import CLIP_MEAN, CLIP_STD

Activation = Literal["quick_gelu", "gelu"]
Family = Literal["openclip", "siglip", "eva", "flair", "tips"]
Scaling = Literal["clip", "half", "unit"]

DEFAULT_MODEL = "farslip1-b16"
"""The model of maps from words where none is named: the best published mean without further tricks."""
OWN = "own"
"""The name under which a checkpoint of the user's is read: everything but the activation is taken from the file."""

_SCALINGS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "clip": (CLIP_MEAN, CLIP_STD),
    "half": ((0.5,) * 3, (0.5,) * 3),
    "unit": ((0.0,) * 3, (1.0,) * 3),
}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HubFile(_Entry):
    """A file on the Hugging Face hub.

    Attributes:
        repo: Repository, ``owner/name``.
        file: Path inside it.
    """

    repo: str
    file: str


class ModelInfo(_Entry):
    """What is known about a published vision-language model.

    Attributes:
        name: Name here, such as ``farslip1-b16``.
        title: One line for people.
        architecture: Name of the towers, as :func:`landwright.create_network` takes it for ``clip``; None where the
            file says it.
        family: Kind of towers.
        activation: Activation that the weights were trained with, which no file tells; None where the user must say.
        activation_note: What is not certain about it.
        reference_activation: Activation that the published table of RS-OVSS was made with, where it is another one.
        context: Number of text tokens (248: LongCLIP); None where the file says it.
        scaling: Input scaling: ``clip`` (CLIP's mean and standard deviation), ``half`` (0.5 and 0.5) or ``unit`` (none
            after the division by 255).
        hub: File on the hub, if it is known.
        url: Page or file where the weights are.
        unpacked: File wanted, where ``url`` is an archive.
        licence: Licence of the weights, as the hub abbreviates it, if it is known.
        licence_note: What is not certain about it.
        paper: Reference.
        tested: Whether this network, filled by rule, equals stored outputs of the published code.
        attention: Attention of the last layer that goes with this model alone, if there is one.
        residual: Whether the last layer keeps its residual and its perceptron, if that is fixed.
    """

    name: str
    title: str
    architecture: str | None
    family: Family = "openclip"
    activation: Activation | None = "quick_gelu"
    activation_note: str | None = None
    reference_activation: Activation | None = None
    context: Annotated[int, Field(ge=2)] | None = 77
    scaling: Scaling = "clip"
    hub: HubFile | None = None
    url: str | None = None
    unpacked: str | None = None
    licence: str | None = None
    licence_note: str | None = None
    paper: str = ""
    tested: bool = False
    attention: str | None = None
    residual: bool | None = None

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean of red, green and blue in 0..1 that the model expects to be subtracted."""
        return _SCALINGS[self.scaling][0]

    @property
    def std(self) -> tuple[float, ...]:
        """Standard deviation of red, green and blue in 0..1 that the model expects to be divided by."""
        return _SCALINGS[self.scaling][1]

    @property
    def licence_words(self) -> str:
        """The licence with what is not certain about it, for people."""
        return "; ".join(part for part in (self.licence, self.licence_note) if part) or "not known"


def list_models() -> list[str]:
    """Return the names of the published models, ``own`` last."""
    return list(_models())


def model_info(name: str) -> ModelInfo:
    """Return what is known about a model.

    Args:
        name: Name such as ``farslip1-b16``, or ``own``.

    Raises:
        UsageError: The name is unknown.
    """
    models = _models()
    if name not in models:
        near = difflib.get_close_matches(name, models, n=3)
        raise UsageError(
            f"no vision-language model is named {name!r}",
            remedy=f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(models)}",
        )
    return models[name]


@cache
def _models() -> dict[str, ModelInfo]:
    content: list[dict[str, Any]] = yaml.safe_load((files("landwright.words") / "models.yaml").read_text("utf-8"))
    return {entry["name"]: ModelInfo.model_validate(entry) for entry in content}
