from __future__ import annotations

from typing import Any

import numpy as np

from landwright.bundles import Bundle
from landwright.engine.options import PredictOptions
from landwright.engine.stream import Tiling
from landwright.engine.tags import provenance
from landwright.rasters import open_raster


def test_what_the_card_does_not_know_is_left_out(write: Any, bundle: Bundle) -> None:
    card = bundle.card.model_copy(update={"weights_sha256": None, "recipe_hash": None})
    with open_raster(write(np.zeros((1, 4, 4), np.uint8))) as raster:
        tags = provenance(card, raster, Tiling(), options=PredictOptions(), precision="32")
        full = provenance(bundle.card, raster, Tiling(), options=PredictOptions(), precision="32")
    assert set(full) - set(tags) == {"MODEL_WEIGHTS_SHA256", "MODEL_RECIPE_SHA256"}
    assert "MODEL_SCORES" not in full
    assert all(tags.values())
    assert "merge" not in full["SETTINGS"]
