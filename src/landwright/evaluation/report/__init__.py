"""The report: scores, maps and how they were made, on one page."""

from landwright.evaluation.report.about import About, about_maps, model_facts
from landwright.evaluation.report.write import METRICS, PAGE, PREVIEWS, check_report_folder, write_report

__all__ = [
    "METRICS",
    "PAGE",
    "PREVIEWS",
    "About",
    "about_maps",
    "check_report_folder",
    "model_facts",
    "write_report",
]
