"""Published checkpoints come in by one door, one file per format."""

from landwright.bundles.importers.formats import FORMATS, CheckpointFormat
from landwright.bundles.importers.load import import_checkpoint

__all__ = ["FORMATS", "CheckpointFormat", "import_checkpoint"]
