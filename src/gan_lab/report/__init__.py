"""A report of runs: a page, tables in three formats, and every figure as PNG and PDF."""
