"""Models as one file for other programs: ONNX and torch.export, and ONNX files as models again."""

from landwright.bundles.export.export import ExportResult, export_bundle
from landwright.bundles.export.session import OnnxNetwork, load_onnx

__all__ = ["ExportResult", "OnnxNetwork", "export_bundle", "load_onnx"]
