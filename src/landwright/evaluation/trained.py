"""Whether what is scored was trained on or adapted to, images or coarse labels: no score means much without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from landwright.data import Region, Scene, Split
from landwright.data.splits import TARGET
from landwright.rasters import Window

COARSE = "coarse"
"""The regime whose maps are usually scored against other, finer labels than it was trained with."""

TAGS = "tags"
"""The regime that never sees the masks which its maps are scored against."""

SPLIT = "split.csv"
"""File of a run folder that says which scene is in which part."""

MAPS_DO_NOT_SAY = "maps do not say what their model was trained on"
"""Why it is unknown of finished maps."""

Kind = Literal["inductive", "transductive", "adapted", "seen", "unknown"]


class TrainedOn(BaseModel):
    """Whether the images scored were trained on.

    Attributes:
        kind: ``inductive``: no image was trained on; ``transductive``: images were, but with other labels than those
            scored against; ``adapted``: the model was adapted to images without their labels; ``seen``: images were
            trained on with these labels, or with labels of their kind; ``unknown``.
        images: Images scored.
        seen: Images trained on with labels, whole or in part.
        why: Why it is unknown.
        agreement: Images scored against the coarse product that the model learned from, on whichever of its images;
            None outside the regime ``coarse``, and where it is unknown.
        adapted: Images that the model was adapted to without labels; None where it is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Kind
    images: int
    seen: int | None
    why: str = ""
    agreement: int | None = None
    adapted: int | None = None

    @property
    def caution(self) -> str:
        """That the score is no accuracy; empty where no image was scored against the model's own coarse labels."""
        if not self.agreement:
            return ""
        return (
            f"{self.agreement} of {self._images} scored against the coarse labels that the model learned from: "
            "agreement with them, not accuracy."
        )

    @property
    def sentence(self) -> str:
        """What is printed with every score."""
        share = f"{self.seen} of {self._images} trained on"
        known = {
            "inductive": "Inductive: none of the images was trained on.",
            "transductive": f"Transductive: {share} (with other labels); the labels scored against were not.",
            "adapted": f"Transductive: {self._adaptation}.",
            "seen": f"Seen in training: {share} with labels like these, so that the score is too good.",
            "unknown": f"Whether the images were trained on is not known: {self.why}.",
        }[self.kind]
        if self.adapted and self.kind != "adapted":
            known = f"{known} Besides, {self._adaptation}."
        return f"{known} {self.caution}".rstrip()

    @property
    def _adaptation(self) -> str:
        if self.adapted == self.images:
            return "the model was adapted to these images without their labels"
        return f"the model was adapted to {self.adapted} of these {self.images} images without their labels"

    @property
    def _images(self) -> str:
        return f"{self.images} {'image was' if self.images == 1 else 'images were'}"


def trained_on(run: Path | None, scenes: Mapping[Scene, Sequence[Window]], regime: str) -> TrainedOn:
    """Compare what is to be scored with what a run was trained on; images and labels are the same if their files are.

    Args:
        run: Run folder of the model, or None if it has none.
        scenes: Images to be scored; a window that is not in the training part was not seen.
        regime: Kind of labels that the model was trained with.

    Returns:
        In the regime ``synthetic`` the model may have been adapted to an image without its labels. In the regime
        ``coarse`` an image may be trained on with the coarse product and scored against another reference, in the
        regime ``tags`` with its tags and scored against its mask (transductive); in others an image that was trained on
        tells nothing new. All parts of a coarse run, and so all label files of its split, are of the product that it
        learned from: scores against any of them tell how well the map agrees with the product.

    Raises:
        DataError: The run's split cannot be read.
    """
    if run is None:
        return TrainedOn(kind="unknown", images=len(scenes), seen=None, why="the model has no run folder")
    if not (run / SPLIT).is_file():
        return TrainedOn(kind="unknown", images=len(scenes), seen=None, why=f"the run has no {SPLIT}")
    split = Split.load(run / SPLIT)
    agreement = None
    if regime == COARSE:
        product = {region.scene.label.resolve() for region in split.all if region.scene.label is not None}
        agreement = sum(scene.label is not None and scene.label.resolve() in product for scene in scenes)
    found = _shown(split, "train", scenes)
    adapted = sum(scene not in found for scene in _shown(split, TARGET, scenes))
    if found:
        same = any(_same_labels(scene, regions) for scene, regions in found.items())
        other = regime == TAGS or (regime == COARSE and not same)
        kind: Kind = "transductive" if other else "seen"
    else:
        kind = "adapted" if adapted else "inductive"
    return TrainedOn(kind=kind, images=len(scenes), seen=len(found), agreement=agreement, adapted=adapted)


def _shown(split: Split, part: str, scenes: Mapping[Scene, Sequence[Window]]) -> dict[Scene, list[Region]]:
    """The scenes to be scored that a part of a split holds, with its regions of their images."""
    held: dict[Path, list[Region]] = {}
    for region in split.all:
        if region.part == part:
            held.setdefault(region.scene.image.resolve(), []).append(region)
    return {
        scene: regions
        for scene, windows in scenes.items()
        if _overlap(windows, regions := held.get(scene.image.resolve(), []))
    }


def _same_labels(scene: Scene, regions: list[Region]) -> bool:
    own = None if scene.label is None else scene.label.resolve()
    return any(region.scene.label is not None and region.scene.label.resolve() == own for region in regions)


def _overlap(windows: Sequence[Window], regions: list[Region]) -> bool:
    trained = [region.window for region in regions]
    if not windows or None in trained:
        return bool(trained)
    return any(_meet(one, other) for one in windows for other in trained if other is not None)


def _meet(one: Window, other: Window) -> bool:
    rows = one.row < other.row + other.height and other.row < one.row + one.height
    return rows and one.col < other.col + other.width and other.col < one.col + one.width
