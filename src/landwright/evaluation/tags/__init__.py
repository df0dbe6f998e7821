"""The stages from tags to a map, scored side by side: class activation maps, pseudo labels, and how tags are told."""

from landwright.evaluation.tags.findings import TagFindings, TagPrecision, TagPreview

__all__ = ["TagFindings", "TagPrecision", "TagPreview"]
