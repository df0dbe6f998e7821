"""The report: scores, maps and how they were made, on one page."""

from landwright.evaluation.report.about import About, model_facts
from landwright.evaluation.report.write import METRICS, PAGE, check_report_folder, write_report

__all__ = ["METRICS", "PAGE", "About", "check_report_folder", "model_facts", "write_report"]
