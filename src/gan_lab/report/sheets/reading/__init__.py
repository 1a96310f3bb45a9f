"""The texts and tables of a document that somebody may have changed."""
