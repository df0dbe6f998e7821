import json

import pytest

pystac = pytest.importorskip("pystac", reason="pystac comes with the extra dev")
validation = pytest.importorskip("pystac.validation", reason="pystac comes with the extra dev")
mlm = pytest.importorskip("pystac.extensions.mlm", reason="pystac comes with the extra dev")


@pytest.fixture
def content(bundle_path):
    return json.loads((bundle_path / "mlm.json").read_text())


def test_it_is_a_valid_stac_item(content):
    item = pystac.Item.from_dict(content)
    # Only the core schema, which pystac carries; those of extensions would be fetched.
    validation.validate_dict(
        content, stac_object_type=pystac.STACObjectType.ITEM, stac_version=item.to_dict()["stac_version"], extensions=[]
    )
    assert any("/mlm/v1.5." in uri for uri in item.stac_extensions)


def test_pystac_reads_the_model(content, card):
    # pystac knows the fields up to 1.4, of which 1.5 is a superset.
    content["stac_extensions"][0] = mlm.SCHEMA_URI_PATTERN.format(version="1.4.0")
    item = pystac.Item.from_dict(content)
    model = mlm.MLMExtension.ext(item)
    assert model.mlm_name == "streets-of-D-rnstein"
    assert model.architecture == "tiny-bundle"
    assert model.tasks == ["semantic-segmentation"]
    assert model.framework == "PyTorch"
    assert model.total_parameters == sum((5 * 3 * 9, 5, 5, 5, 6 * 5, 6))
    (image,) = model.input
    assert [band.name if isinstance(band, mlm.ModelBand) else band for band in image.bands] == ["red", "green", "blue"]
    assert image.input.shape == [-1, 3, 512, 512]
    # A list with one entry per band, which this reader's accessor takes for a single one.
    assert [(scale["type"], scale["mean"], scale["stddev"]) for scale in image.properties["value_scaling"]] == [
        ("z-score", pytest.approx(25.5), 255),
        ("z-score", 51, 510),
        ("z-score", pytest.approx(76.5), 765),
    ]
    (classes,) = model.output
    assert [entry.name for entry in classes.classes] == [name.replace(" ", "_") for name in card.legend.names]
    assert [entry.color_hint for entry in classes.classes] == [bytes(c).hex().upper() for c in card.legend.colours]


def test_the_weights_are_an_asset(content, bundle_path):
    asset = content["assets"]["weights"]
    assert "mlm:model" in asset["roles"]
    assert asset["mlm:artifact_type"] == "safetensors"
    assert (bundle_path / asset["href"]).stat().st_size == asset["file:size"]
    assert [band["name"] for band in asset["bands"]] == ["red", "green", "blue"]
    assert content["properties"]["bands"] == asset["bands"]


@pytest.mark.parametrize(
    ("name", "expected"), [("ab", "model-ab"), ("7", "model-7"), ("ü", "model-unnamed"), ("abc", "abc")]
)
def test_names_are_what_the_schema_allows(name, expected):
    from landwright.bundles.mlm import _name

    assert _name(name) == expected


def test_one_logit_is_explained(card):
    from landwright.bundles.mlm import mlm_item
    from landwright.legends import load_legend

    one = card.model_copy(
        update={
            "legend": load_legend("building"),
            "network": card.network.model_copy(update={"classes": 1}),
            "software": {"torch": "2.9.0a0+git"},
        }
    )
    item = mlm_item(one, parameters=1, size=1)
    assert "sigmoid" in item["properties"]["mlm:output"][0]["description"]
    assert "mlm:framework_version" not in item["properties"]


def test_heights_are_an_output_of_their_own(card):
    from landwright.bundles.mlm import mlm_item

    both = card.model_copy(update={"outputs": ("classes", "height"), "dates": 1})
    properties = mlm_item(both, parameters=1, size=1)["properties"]
    assert properties["mlm:tasks"] == ["semantic-segmentation", "regression"]
    assert [output["name"] for output in properties["mlm:output"]] == ["classes", "height"]
    alone = card.model_copy(update={"outputs": ("height",), "dates": 2})
    properties = mlm_item(alone, parameters=1, size=1)["properties"]
    (height,) = properties["mlm:output"]
    assert height["tasks"] == ["regression"]
    assert height["result"]["shape"] == [-1, 1, 512, 512]
    assert "metres" in height["description"]
    assert "two dates" in properties["description"]
    assert "building" not in properties["description"]
