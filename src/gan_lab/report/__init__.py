"""A report of runs: a page, tables in three formats, and every figure as PNG and PDF."""

from gan_lab.report.write import write_report

__all__ = ["write_report"]
