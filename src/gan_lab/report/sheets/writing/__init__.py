"""A sheet as HTML, Word and LaTeX."""
