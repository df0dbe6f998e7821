"""The synthetic world: one seed, one place, with every kind of label that landwright can learn from."""

from landwright.world.scene import Scene, make_scene
from landwright.world.write import write_world

__all__ = ["Scene", "make_scene", "write_world"]
