"""Lab sheets: questions that runs answer, as documents with slots for the reasoning."""
