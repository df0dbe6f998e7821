import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from landwright.cli import datasets

app = typer.Typer()
app.command("list")(datasets.list_layouts)
app.command("get")(datasets.get_layout)


def run(*arguments: str) -> SimpleNamespace:
    result = CliRunner().invoke(app, list(arguments))
    return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_list() -> None:
    result = run("list")
    assert result.code == 0
    for word in ("isprs-potsdam", "loveda", "can be downloaded", "https://project.inria.fr", "CC BY-NC-SA"):
        assert word in result.out
    for words in (
        "scenes by state, year, part, tile (data.where)",
        "from its publisher",
        "licence: CDLA-Permissive-1.0",
    ):
        assert words in result.out
    about = {text.split()[0]: text for text in result.out.replace("\n     ", " ").splitlines()}
    assert "legend openearthmap-8, heights," in about["synrs3d"]
    assert "no classes, heights," in about["geonrw-urban-grouped"]
    assert "legend building-change, two dates," in about["levir-cd"]
    layouts = json.loads(run("list", "--json").out)["layouts"]
    assert {"name", "url", "licence", "legend", "bands"} <= set(layouts[0])


def test_get_says_where_from_and_what_is_missing(tmp_path: Path) -> None:
    result = run("get", "inria", "-o", str(tmp_path))
    assert result.code == 3
    for word in ("0 of 155", "train/images/{city}{number:d}.tif", "https://project.inria.fr", str(tmp_path)):
        assert word in result.err
    assert list(tmp_path.iterdir()) == []


def test_get_verifies_a_folder(tmp_path: Path) -> None:
    tiles = [f"Tile {tile}/{kind}/p{part}" for tile in range(1, 9) for part in range(9) for kind in ("images", "masks")]
    touch(tmp_path, *(f"{name}.{'jpg' if 'images' in name else 'png'}" for name in tiles))
    result = run("get", "dubai-hitl", "-o", str(tmp_path))
    assert result.code == 0
    assert "63 labelled images" in result.out and "36 train" in result.out and "layout: dubai-hitl" in result.out
    counts = json.loads(run("get", "dubai-hitl", "-o", str(tmp_path), "--json").out)["images"]
    assert counts == {"train": 36, "val": 9, "test": 18, "all": 63}


def test_get_says_how_many_images_have_no_mask(tmp_path: Path) -> None:
    touch(tmp_path, *(f"HR_image/slaskie_{n}.tif" for n in range(402)))
    touch(tmp_path, *(f"HR_ground_truth/slaskie_{n}.tif" for n in range(280)))
    result = run("get", "poland-reference", "-o", str(tmp_path))
    assert result.code == 0
    assert "280 labelled images" in result.out and "122 further images have no mask and are left out" in result.out


@pytest.mark.slow
def test_get_downloads_where_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loveda(root: Path, split: str, download: bool, checksum: bool) -> None:
        print("Downloading")
        numbers = range(2522 if split == "train" else 1669)
        for kind in ("images_png", "masks_png"):
            touch(root, *(f"{split.capitalize()}/Urban/{kind}/{number}.png" for number in numbers))

    monkeypatch.setitem(sys.modules, "torchgeo", SimpleNamespace(datasets=SimpleNamespace(LoveDA=loveda)))
    result = run("get", "loveda", "-o", str(tmp_path / "l"), "--json")
    assert result.code == 0 and json.loads(result.out)["images"] == {"train": 2522, "val": 1669, "all": 4191}
    monkeypatch.setitem(sys.modules, "torchgeo", None)
    assert run("get", "loveda", "-o", str(tmp_path / "l")).code == 0  # complete: nothing to download
    assert run("get", "loveda", "-o", str(tmp_path / "other")).code == 2


def test_unknown_name() -> None:
    result = run("get", "nothing", "-o", "x")
    assert result.code == 2 and "Known are" in result.err
