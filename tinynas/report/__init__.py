"""Reports: what a run found, for people."""

from tinynas.report.markdown import Measured, RunReport, render_markdown

__all__ = ["Measured", "RunReport", "render_markdown"]
