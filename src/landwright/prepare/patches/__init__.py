"""Cut published sets into the patches that maps are learnt on from tags."""

from landwright.prepare.patches.prepare import PatchesResult, prepare_patches
from landwright.prepare.patches.sets import list_patch_sets

__all__ = ["PatchesResult", "list_patch_sets", "prepare_patches"]
