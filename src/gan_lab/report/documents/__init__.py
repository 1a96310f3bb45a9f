"""A report as one document: Markdown, Word."""
