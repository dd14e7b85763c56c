"""Reports: what a run found, for people."""

from tinynas.report.markdown import Measured, RunReport, render_markdown
from tinynas.report.run import load_facts, report_of, write_report

__all__ = ["Measured", "RunReport", "load_facts", "render_markdown", "report_of", "write_report"]
