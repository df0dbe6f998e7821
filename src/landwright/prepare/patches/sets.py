"""How CTFA and ATSG cut iSAID, Potsdam, Vaihingen and DeepGlobe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from landwright.errors import UsageError

Division = Literal["draw", "tiles", "order"]


@dataclass(frozen=True)
class Files:
    """Where images and their labels lie.

    Attributes:
        images: Templates with the field ``tile``, the first that fits any file counts.
        labels: Templates of the label of an image, the first that is there counts.
        test: Whether these images are the publisher's own for tests.
    """

    images: tuple[str, ...]
    labels: tuple[str, ...]
    test: bool = False


@dataclass(frozen=True)
class PatchSet:
    """A set as a paper cuts it.

    Attributes:
        name: Short name.
        title: One line for people.
        url: Where the publisher hands it out.
        obtain: How to get it.
        folders: Folders below the root in which it may lie.
        files: Where images and labels lie.
        legend: Classes of the masks; the publisher's labels hold its colours.
        background: Its first class, if that has no tag.
        size: Side of a patch in pixels.
        spare: Pixels at the end of an image that get no patch, at most: of a larger rest the last patch ends with the
            image.
        patch: Name of a patch, of ``tile``, number ``k`` in its image, ``row`` and ``col`` on its grid, and ``x0``,
            ``y0``, ``x1``, ``y1`` in pixels.
        division: ``draw``: patches are drawn by lot; ``tiles``: the test tiles are known; ``order``: by the order of
            the images' names.
        counts: Published patches, ``learn`` (training and validation) and ``test``; images of ``order`` by part.
        test: Test tiles (``tiles``).
        unused: Tiles that the paper leaves out.
        whole: Whether images with any unlabelled pixel are left out.
        pad: Whether images smaller than a patch are filled up.
        notes: What a user may not expect of the published way.
    """

    name: str
    title: str
    url: str
    obtain: str
    folders: tuple[str, ...]
    files: tuple[Files, ...]
    legend: str
    background: str | None
    size: int
    spare: int
    patch: str
    division: Division
    counts: Mapping[str, int] = field(default_factory=dict)
    test: Sequence[str] = ()
    unused: Sequence[str] = ()
    whole: bool = False
    pad: bool = False
    notes: tuple[str, ...] = ()


_ISPRS = "https://www.isprs.org/education/benchmarks/UrbanSemLab/semantic-labeling.aspx"
# fmt: off
_POTSDAM_TEST = (
    "2_13", "2_14", "3_13", "3_14", "4_13", "4_14", "4_15", "5_13", "5_14", "5_15", "6_13", "6_14", "6_15", "7_13",
)
# fmt: on
_POTSDAM_LABELS = ("5_Labels_all/top_potsdam_{tile}_label.tif", "top_potsdam_{tile}_label.tif")
_ON_TEST = "the paper chose its model on the test tiles: with split paper they are the part val, and there is no test"


def _isaid(part: str, *, test: bool) -> Files:
    masks = f"{part}/Semantic_masks"
    name = "{tile}_instance_color_RGB.png"
    return Files(
        (f"{part}/images/images/{{tile}}.png", f"{part}/images/{{tile}}.png"),
        (f"{masks}/images/images/{name}", f"{masks}/images/{name}", f"{masks}/{name}"),
        test,
    )


_SETS = (
    PatchSet(
        name="isaid-atsg",
        title="iSAID as CTFA and ATSG cut it",
        url="https://captain-whu.github.io/iSAID/dataset.html",
        obtain="Download DOTA-v1.0's training and validation images and iSAID's semantic masks, and unpack them into "
        "train/images, train/Semantic_masks, val/images and val/Semantic_masks",
        folders=(".", "iSAID"),
        files=(_isaid("train", test=False), _isaid("val", test=True)),
        legend="isaid-16",
        background="background",
        size=512,
        spare=0,
        patch="{tile}_{k}",
        division="draw",
        counts={"learn": 9153, "train": 7500, "test": 1315},
        pad=True,
        notes=(
            "the papers' patches and lists are not to be had: patches are drawn anew by their rule (9153 and 1315 of "
            "the sorted names, seed 42)",
        ),
    ),
    PatchSet(
        name="potsdam-ctfa",
        title="Potsdam as CTFA cuts it",
        url=_ISPRS,
        obtain="Register, download 3_Ortho_IRRG.zip and 5_Labels_all.zip, and unpack each into a folder of its name",
        folders=(".", "Potsdam", "potsdam"),
        files=(Files(("3_Ortho_IRRG/top_potsdam_{tile}_IRRG.tif",), _POTSDAM_LABELS),),
        legend="potsdam-ctfa",
        background="impervious surface",
        size=512,
        spare=511,
        patch="{tile}_{x0}_{y0}_{x1}_{y1}",
        division="tiles",
        counts={"learn": 2662, "test": 1694},
        test=_POTSDAM_TEST,
        unused=("4_12", "7_10"),
        notes=(_ON_TEST,),
    ),
    PatchSet(
        name="potsdam-atsg",
        title="Potsdam as ATSG cuts it",
        url=_ISPRS,
        obtain="Register, download 2_Ortho_RGB.zip and 5_Labels_all.zip, and unpack each into a folder of its name",
        folders=(".", "Potsdam", "potsdam"),
        files=(Files(("2_Ortho_RGB/top_potsdam_{tile}_RGB.tif",), _POTSDAM_LABELS),),
        legend="potsdam-atsg",
        background="background",
        size=256,
        spare=0,
        patch="{tile}_{x0}_{y0}_{x1}_{y1}",
        division="tiles",
        counts={"learn": 13248, "test": 8064},
        test=_POTSDAM_TEST,
        unused=("7_10",),
        notes=("that ATSG took the RGB images is inferred from its files' names", _ON_TEST),
    ),
    PatchSet(
        name="vaihingen-atsg",
        title="Vaihingen as ATSG cuts it",
        url=_ISPRS,
        obtain="Register, download ISPRS_semantic_labeling_Vaihingen.zip and "
        "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE.zip, and unpack the second into a folder of its name",
        folders=(".", "Vaihingen", "ISPRS_semantic_labeling_Vaihingen"),
        files=(
            Files(
                ("top/top_mosaic_09cm_area{tile:d}.tif",),
                (
                    "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE/top_mosaic_09cm_area{tile}.tif",
                    "top_mosaic_09cm_area{tile}.tif",
                ),
            ),
        ),
        legend="vaihingen-atsg",
        background="background",
        size=256,
        # Not published. With a rest of 16 to 26 pixels, and with no other, the counts come out as published.
        spare=16,
        patch="area{tile}_{row}_{col}",
        division="tiles",
        counts={"learn": 1986, "test": 752},
        test=("29", "30", "31", "32", "33", "34", "35", "37", "38"),
        notes=(
            "these are ATSG's nine test areas, not the contest's: areas of its test are in training here",
            "that clutter is the background is inferred from the published number of tags",
            _ON_TEST,
        ),
    ),
    PatchSet(
        name="deepglobe-ctfa",
        title="DeepGlobe land cover as CTFA cuts it",
        url="http://deepglobe.org/",
        obtain="Register for the land cover track and unpack the training archive into the folder train",
        folders=(".", "train", "land-train"),
        files=(Files(("{tile}_sat.jpg",), ("{tile}_mask.png",)),),
        legend="deepglobe",
        background=None,
        size=512,
        spare=0,
        patch="{tile}_{row}_{col}",
        division="order",
        counts={"train": 563, "val": 120, "test": 120},
        whole=True,
        notes=(
            "the paper divides the images by an order that differs between disks; here they go by name",
            "the paper chose its model on the test part; here the part val is there for that",
        ),
    ),
)


def list_patch_sets() -> list[str]:
    """Return the names of the sets."""
    return sorted(entry.name for entry in _SETS)


def patch_set(name: str) -> PatchSet:
    """Return a set.

    Raises:
        UsageError: There is none of that name.
    """
    for entry in _SETS:
        if entry.name == name:
            return entry
    raise UsageError(f"there is no set {name!r}", remedy=f"Choose {', '.join(list_patch_sets())}")
