import pytest
import yaml

from landwright.errors import UsageError
from landwright.recipe import load_recipe, recipe_schema

GOOD = """\
regime: masks
classes: dubai-6
data:
  images: img/*.tif
  labels: mask/*.tif
network: {name: clcformer, encoder: compact}
optim:
  lr: 0.001
  steps: 10
"""
COARSE = GOOD.replace("regime: masks", "regime: coarse")


@pytest.fixture
def recipe_file(tmp_path):
    def write(text):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return path

    return write


def test_reads_sections_and_network_options(recipe_file):
    recipe = load_recipe(recipe_file(GOOD))
    assert recipe.network.options == {"encoder": "compact"}
    assert (recipe.optim.lr, recipe.optim.steps, recipe.data.tile) == (0.001, 10, 512)


def test_overrides_win_and_numbers_without_dot_are_numbers(recipe_file):
    recipe = load_recipe(recipe_file(GOOD), ["optim.lr=1e-4", "data.split.val=0.3", "network={name: other}"])
    assert recipe.optim.lr == 1e-4
    assert recipe.data.split.val == 0.3
    assert recipe.network.name == "other"


def test_dump_reads_back_equal_with_equal_hash(recipe_file):
    recipe = load_recipe(recipe_file(GOOD))
    again = load_recipe(recipe_file(yaml.safe_dump(recipe.dump())))
    assert again == recipe
    assert again.hash() == recipe.hash()
    assert load_recipe(recipe_file(GOOD), ["seed=1"]).hash() != recipe.hash()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + "  stepz: 3\n", ["line 10", "optim.stepz", "unknown key"]),
        (GOOD.replace("steps: 10", "steps: many"), ["line 9", "optim.steps", "integer"]),
        (GOOD.replace("classes: dubai-6\n", ""), ["classes", "missing"]),
        (GOOD.replace("  labels: mask/*.tif\n", ""), ["line 3", "`images` go with `labels`"]),
        (GOOD.replace("regime: masks", "regime: telepathy"), ["line 1", "regime"]),
        (GOOD + "augment: {zoom: [2, 1]}\n", ["line 10", "smallest"]),
        (GOOD + "coarse: {plat: true}\n", ["the section `coarse` belongs to the regime `coarse`"]),
        (COARSE + "coarse: {plat: false, confidence: 0.5}\n", ["line 10", "`confidence` is a part of `plat`"]),
        (COARSE + "coarse: {class_weights: [0, 0]}\n", ["line 10", "all 0"]),
        (GOOD.replace("tif\nnetwork", "tif\n  where: {state: ny}\nnetwork"), ["line 3", "`where` chooses among"]),
        ("just text", ["mapping"]),
        ("a: [1, 2", ["not valid YAML"]),
    ],
)
def test_faults_name_line_and_key(recipe_file, text, words):
    with pytest.raises(UsageError) as caught:
        load_recipe(recipe_file(text))
    for word in words:
        assert word in str(caught.value)
    assert caught.value.remedy


def test_a_recipe_does_not_lead_out_of_its_folder(recipe_file):
    path = recipe_file(GOOD.replace("img/*.tif", "../secret/*.tif"))
    with pytest.raises(UsageError, match=r"line 4: '\.\./secret/\*\.tif' leads out") as caught:
        load_recipe(path)
    assert caught.value.remedy
    assert load_recipe(path, saved=True).data.images == "../secret/*.tif"
    assert load_recipe(recipe_file(GOOD), ["data.images=../mine/*.tif"]).data.images == "../mine/*.tif"


def test_missing_file(tmp_path):
    with pytest.raises(UsageError, match="cannot read the recipe"):
        load_recipe(tmp_path / "none.yaml")


@pytest.mark.parametrize("override", ["optim.lr", "=3", "classes.name=3"])
def test_bad_overrides(recipe_file, override):
    with pytest.raises(UsageError, match="override"):
        load_recipe(recipe_file(GOOD), [override])


def test_schema_lists_every_section():
    assert {"regime", "classes", "data", "network", "optim", "validate"} <= set(recipe_schema()["properties"])
