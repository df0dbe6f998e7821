from pathlib import Path

from landwright.data.scene import Scene


def test_what_a_scene_is_learnt_from() -> None:
    image, label, height = (Path(name) for name in ("i.tif", "l.tif", "h.tif"))
    assert Scene("s", image, label, height=height).reference == label
    assert Scene("s", image, None, height=height).reference == height
    assert Scene("s", image, None).reference == image
