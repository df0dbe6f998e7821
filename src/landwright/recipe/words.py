"""Section of a recipe on how a dual encoder learns to map by words."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from landwright.recipe.section import Fraction, Positive, Section, Share

Weight = Annotated[float, Field(ge=0)]


class WordsSpec(Section):
    """What the regime ``words`` learns from, and how (FarSLIP).

    Images alone teach that a region looks the same within its image and by itself. Captions or tags teach what an image
    shows, masks and boxes what a region shows.

    Attributes:
        model: Name in the list of models (``landwright models list``) that says what the file under
            ``network.weights`` is: its architecture, activation and context. Not needed for a bundle.
        captions: CSV with a column ``image`` (path or name) and one of ``caption`` or ``tags`` (``building; road``), or
            ``masks``: the classes that a tile's mask holds serve as tags. By default those columns of ``data.pairs``.
        regions: Boxes of objects besides those of the masks: vector files with the category as an attribute, or a
            ``.json`` list as published with MGRS-200k, whose captions count too.
        category: That attribute.
        masks: Make boxes of the connected pixels of each class in the masks.
        min_area: Smallest area of a box in pixels of the tile.
        fill: Smallest share of a box that its class fills, in masks.
        caption: Weight of the loss of captions (published: 1).
        region: Weight of the loss of region and category (published: 1).
        distillation: Weight of the loss of region and crop (published: 0.1).
        align: What a region is compared with: ``roi2pooled`` the mean patch of its crop, as published, ``roi2cls`` the
            crop's class token, which is what texts are matched with, or ``combined``.
        attention: Attention of the last layer that patches are read by.
        teacher: What sees the crops in the comparison: the network itself (``active``, as published: gradients flow
            through both), its moving average (``ema``) or what it was at the start (``frozen``).
        decay: Largest share of the old average in the new one.
        crops: Views of parts of every image: of its objects first, the rest drawn at random.
        crop_area: Smallest and largest share of the image in a random crop.
        view: Side in pixels that tiles, images and crops are squashed to; by default the encoder's own.
        context: 248 stretches a text tower of 77 tokens as LongCLIP does; the first 20 positions then stay as they are.
        templates: Prompts around the words of the classes when maps are made.
        phrase: Prompt around categories and tags when the network learns.
    """

    model: str | None = None
    captions: str | None = None
    regions: str | list[str] | None = None
    category: str = "category"
    masks: bool = True
    min_area: Positive = 64
    fill: Share = 0.25
    caption: Weight = 1.0
    region: Weight = 1.0
    distillation: Weight = 0.1
    align: Literal["roi2pooled", "roi2cls", "combined"] = "roi2pooled"
    attention: Literal["segearth", "maskclip"] = "segearth"
    teacher: Literal["active", "ema", "frozen"] = "active"
    decay: Fraction = 0.99
    crops: Positive = 4
    crop_area: tuple[Annotated[float, Field(gt=0, le=1)], Annotated[float, Field(gt=0, le=1)]] = (0.3, 0.7)
    view: Positive | None = None
    context: Literal[77, 248] | None = None
    templates: str = "imagenet80"
    phrase: str = "a satellite image of {}"

    @model_validator(mode="after")
    def _sound(self) -> WordsSpec:
        if self.crop_area[0] > self.crop_area[1]:
            raise ValueError("`crop_area` is [smallest, largest]")
        if self.phrase.count("{}") != 1:
            raise ValueError("`phrase` has one {} where the word goes")
        if not (self.caption or self.region or self.distillation):
            raise ValueError("`caption`, `region` and `distillation` are all 0, so that nothing would be learnt")
        return self
