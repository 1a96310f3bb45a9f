"""A report as one document: Markdown, LaTeX, Word."""
