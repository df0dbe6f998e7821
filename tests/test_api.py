import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from torch import nn

import landwright
from landwright import api
from landwright.bundles import Card, NetworkCard, Normalization, TilingCard, save_bundle
from landwright.errors import UsageError
from landwright.legends import load_legend
from landwright.networks import Outputs, register
from landwright.networks.clip.towers import build_clip
from landwright.rasters import write_cog


@register("bright", description="the building is where the first band is bright", stride=1)
class Bright(nn.Module):
    def __init__(self, classes, bands=3):
        super().__init__()
        self.layer = nn.Conv2d(bands, classes, 1)

    def forward(self, image):
        return Outputs(classes=self.layer(image))


@pytest.fixture
def bundle_path(tmp_path):
    network = Bright(1)
    with torch.no_grad():
        network.layer.weight.copy_(torch.tensor([10.0, 0, 0]).reshape(1, 3, 1, 1))
        network.layer.bias.fill_(-5)
    card = Card(
        name="bright",
        regime="masks",
        network=NetworkCard(name="bright", classes=1),
        bands=("red", "green", "blue"),
        normalization=Normalization(divide=255, mean=(0, 0, 0), std=(1, 1, 1)),
        legend=load_legend("building"),
    )
    return save_bundle(tmp_path / "bundle", card, network)


@pytest.fixture
def image(tmp_path):
    """Bright in its left half."""
    pixels = np.full((3, 40, 60), 10, np.uint8)
    pixels[0, :, :30] = 250
    profile = {"driver": "GTiff", "width": 60, "height": 40, "count": 3, "dtype": "uint8", "crs": "EPSG:32633"}
    with rasterio.open(
        tmp_path / "image.tif", "w", transform=rasterio.Affine(1, 0, 5e5, 0, -1, 5e6), **profile
    ) as file:
        file.write(pixels)
    return tmp_path / "image.tif"


def check_map(path):
    with rasterio.open(path) as dataset:
        codes = dataset.read(1)
    assert (codes[:, :30] == 1).all()
    assert (codes[:, 30:] == 0).all()


def test_load_and_predict(bundle_path, image, tmp_path):
    model = landwright.load(bundle_path)
    assert isinstance(model, landwright.Mapper)
    assert model.legend.names == ("background", "building")
    assert model.network(torch.zeros(1, 3, 2, 2)).classes.shape == (1, 1, 2, 2)
    model.predict(image, tmp_path / "map.tif", device="cpu")
    check_map(tmp_path / "map.tif")


def test_predict_takes_a_path(bundle_path, image, tmp_path):
    landwright.predict(str(bundle_path), str(image), str(tmp_path / "map.tif"), device="cpu")
    check_map(tmp_path / "map.tif")


def test_evaluate(bundle_path, image, tmp_path):
    with rasterio.open(image) as dataset:
        profile = dataset.profile
    codes = np.zeros((40, 60), np.uint8)
    codes[:, :15] = 1
    with rasterio.open(tmp_path / "mask.tif", "w", **{**profile, "count": 1}) as dataset:
        dataset.write(codes, 1)
    found = landwright.evaluate(bundle_path, str(image), str(tmp_path / "mask.tif"))
    assert found.evaluation.results[0].figure("iou.building") == pytest.approx(0.5)


def test_evaluate_what_leads_from_tags_to_a_map(image, tmp_path):
    network = landwright.create_network("ctfa", classes=2, encoder="compact")
    card = Card(
        name="tagged",
        regime="tags",
        network=NetworkCard(name="ctfa", options={"encoder": "compact"}, classes=2),
        bands=("red", "green", "blue"),
        normalization=Normalization(divide=255, mean=(0, 0, 0), std=(1, 1, 1)),
        legend=load_legend("building"),
        tiling=TilingCard(tile=64),
    )
    model = save_bundle(tmp_path / "tagged", card, network)
    with rasterio.open(image) as dataset:
        profile = dataset.profile
    with rasterio.open(tmp_path / "mask.tif", "w", **{**profile, "count": 1}) as dataset:
        dataset.write(np.ones((40, 60), np.uint8), 1)
    (tmp_path / "tags.csv").write_text("image.tif,building\n")
    found = landwright.evaluate(
        model, str(image), str(tmp_path / "mask.tif"), tags=str(tmp_path / "tags.csv")
    ).evaluation
    assert found.tags is not None
    assert found.tags.cam[0].pixels == found.tags.pseudo[0].pixels == 40 * 60


def test_merging_by_name(tmp_path):
    legend, target = load_legend("chesapeake-lc"), load_legend("chesapeake-4")
    network = Bright(6, 1)
    with torch.no_grad():
        network.layer.weight.copy_(torch.tensor([0.0, 0, 0, 0, 1, 0]).reshape(6, 1, 1, 1))
        network.layer.bias.copy_(torch.tensor([0.0, 0.5, 0, 0, 0, 0.4]))
    card = Card(
        name="bright",
        regime="masks",
        network=NetworkCard(name="bright", classes=6),
        bands=("grey",),
        normalization=Normalization(divide=255, mean=(0,), std=(1,)),
        legend=legend,
    )
    model = save_bundle(tmp_path / "six", card, network)
    profile = {"driver": "GTiff", "width": 60, "height": 40, "count": 1, "dtype": "uint8", "crs": "EPSG:32633"}
    place = rasterio.Affine(1, 0, 5e5, 0, -1, 5e6)
    for name, value in (("image", 0), ("mask", 5)):
        with rasterio.open(tmp_path / f"{name}.tif", "w", transform=place, **profile) as file:
            file.write(np.full((1, 40, 60), value, np.uint8))
    table = "chesapeake-lc-to-chesapeake-4"
    # Trees are the most probable class of six, sealed ground of four, where three of the six come together.
    landwright.predict(model, tmp_path / "image.tif", tmp_path / "map.tif", device="cpu", merge=table)
    with rasterio.open(tmp_path / "map.tif") as file:
        assert (file.read(1) == target.codes[target.index("impervious")]).all()
    for by, right in (("map", 0.0), ("probability", 1.0)):
        found = landwright.evaluate(
            model,
            str(tmp_path / "image.tif"),
            str(tmp_path / "mask.tif"),
            crosswalk=landwright.load_crosswalk(table),
            merge=table,
            merge_by=by,
            protocols=["chesapeake-4"],
        )
        assert found.evaluation.results[0].values["oa"] == right


def test_words(bundle_path, image, tmp_path, monkeypatch):
    pytest.importorskip("open_clip", reason="open_clip comes with the extra words")
    monkeypatch.setenv("LANDWRIGHT_FEATURES", str(tmp_path / "features"))
    torch.manual_seed(0)
    tensors = {name: tensor.clone() for name, tensor in build_clip("compact").state_dict().items()}
    torch.save(tensors, tmp_path / "own.pt")
    model = landwright.import_checkpoint(
        tmp_path / "own.pt", "own", settings={"activation": "gelu"}, vocabulary="inria", templates="single"
    )
    made = landwright.predict(
        model, image, tmp_path / "map.tif", words="building, roof; road; water", as_labels=True, min_confidence=0
    )
    assert landwright.load_legend(made.legend).names == ("building", "road", "water")
    with rasterio.open(tmp_path / "map.tif") as file:
        assert set(np.unique(file.read(1))) <= {1, 2, 3}
    with pytest.raises(UsageError, match="--words is for models of words, and bright is none"):
        landwright.predict(bundle_path, image, tmp_path / "other.tif", words="building; road")
    with pytest.raises(UsageError, match="no model is named"):
        landwright.predict(None, image, tmp_path / "other.tif")


def test_an_unknown_option(bundle_path, image, tmp_path):
    with pytest.raises(UsageError, match="no option 'confidense'"):
        api.predict(bundle_path, image, tmp_path / "map.tif", confidense=True)
    assert not (tmp_path / "map.tif").exists()


def test_buildings_of_a_map(tmp_path):
    codes = np.zeros((40, 40), np.uint8)
    codes[10:20, 10:30] = 1
    legend = landwright.load_legend("building")
    classes = [{"value": entry.code, "name": entry.name, "color": f"00FF{entry.code:02X}"} for entry in legend.classes]
    grid = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 500000, 0, -0.5, 5000000)}
    write_cog(tmp_path / "map.tif", codes, nodata=255, tags={"CLASSES": json.dumps(classes)}, **grid)
    found = landwright.vectorize(tmp_path / "map.tif", tmp_path / "buildings.gpkg", min_area=5)
    assert found.path.is_file()
    with pytest.raises(UsageError, match="no option 'minarea'"):
        landwright.vectorize(tmp_path / "map.tif", tmp_path / "other.gpkg", minarea=5)


def test_a_model_as_one_file(bundle_path, tmp_path):
    found = landwright.export(bundle_path, tmp_path / "model.pt2", tile=16)
    assert found.path.is_file()
    assert found.tile == 16
    with pytest.raises(UsageError, match="no option 'tiles'"):
        landwright.export(bundle_path, tmp_path / "other.pt2", tiles=16)


def test_every_public_name_resolves():
    assert len(landwright.__all__) <= 30
    for name in landwright.__all__:
        assert getattr(landwright, name) is not None
    assert set(landwright.__all__) <= set(dir(landwright))


def test_other_names_do_not():
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = landwright.lode


def test_the_import_is_quick_and_leaves_torch_alone(pace):
    code = (
        "import sys, landwright; landwright.LandwrightError;"
        "loaded = {'torch', 'numpy', 'rasterio', 'pydantic', 'lightning'} & set(sys.modules); assert not loaded, loaded"
    )
    times = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
        times.append(time.perf_counter() - started)
    assert min(times) < (0.3 + 0.2) * pace(time.perf_counter)  # the interpreter's own start included


def test_legends_need_no_torch():
    code = "import sys, landwright; landwright.load_legend('inria'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
