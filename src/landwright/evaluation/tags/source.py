"""Which classes an image holds: from a file, or as its mask shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

from landwright.bundles import Bundle
from landwright.data import Scene
from landwright.data.tags import read_tags, tagged_names
from landwright.errors import UsageError
from landwright.networks import network_info
from landwright.prepare.segments.read import SegmentFolder

FROM_MASKS = "from-masks"
"""Word for tags that are what the reference masks show."""


@dataclass(frozen=True)
class TagSource:
    """Tags of scenes.

    Attributes:
        named: Names of classes by name of the scene; None if the masks show them.
        origin: Where they come from, in words.
        segments: Segments of the scenes, to be shown beside the stages; nothing is computed from them.
    """

    named: Mapping[str, frozenset[str]] | None
    origin: str
    segments: SegmentFolder | None = None

    @property
    def from_masks(self) -> bool:
        """Whether the masks show them."""
        return self.named is None


def tag_source(
    tags: str, scenes: Sequence[Scene], bundle: Bundle, *, segments: str | PathLike[str] | None = None
) -> TagSource:
    """Find the tags of the scenes to be scored.

    Args:
        tags: File of tags as :func:`landwright.data.tags.read_tags` takes it, or ``from-masks``.
        scenes: The scenes.
        bundle: The model.
        segments: Folder of ``landwright prepare segments`` for all scenes.

    Raises:
        UsageError: The model was not made to learn from tags.
        DataError: The file cannot be read, or does not fit the scenes or the model's classes; or a scene has no
            segments, or others than those of its image.
    """
    check_tagged(bundle)
    folder = None if segments is None else SegmentFolder(segments)
    if folder is not None:
        folder.check(scene.image for scene in scenes)
    if tags == FROM_MASKS:
        return TagSource(None, "the reference masks", folder)
    names = bundle.legend.names
    background = names[0] if has_background(bundle) else None
    return TagSource(read_tags(tags, scenes, names, background=background), tags, folder)


def tag_classes(bundle: Bundle) -> tuple[str, ...]:
    """Return the T classes that can be tags, in the order of the network's activation maps."""
    names = bundle.legend.names
    return tagged_names(names, names[0] if has_background(bundle) else None)


def has_background(bundle: Bundle) -> bool:
    """Whether the first class has no tag, but is what is left."""
    return bool(bundle.network.background)


def check_tagged(bundle: Bundle) -> None:
    """Refuse a model without class activation maps.

    Raises:
        UsageError: The model is one.
    """
    network = bundle.card.network
    if bundle.exported:
        raise UsageError(
            "is an exported file, which has no class activation maps that tags could choose from",
            path=bundle.path,
            remedy="Leave --tags out, or give the bundle that it was exported from",
        )
    if not network_info(network.name, **network.options).tags:
        raise UsageError(
            f"model {bundle.card.name} ({network.name}) has no class activation maps that tags could choose from",
            remedy="Leave --tags out, or give a model of the network ctfa",
        )
