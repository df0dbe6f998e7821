import numpy as np

from landwright.world.materials import BUILDING
from landwright.world.scene import make_scene


def test_walls_differ_by_where_they_face_and_have_windows():
    """Of a leaning picture of towers, the walls are what is neither roof nor ground: sunlit, dark, and striped."""
    spread = []
    for seed in (5, 9):
        scene = make_scene(seed, size=256, gsd=0.3, family="grid_g05_high", style="urban", off_nadir=30)
        built = scene.classes == BUILDING
        wall = built & (np.abs(np.gradient(scene.height, axis=0)) + np.abs(np.gradient(scene.height, axis=1)) > 0.2)
        wall &= scene.height < 20
        assert wall.mean() > 0.02
        tone = scene.image.mean(0)
        spread.append(tone[wall].std())
        assert 15 < tone[wall].mean() < 200
    assert max(spread) > 15
