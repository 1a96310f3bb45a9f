"""What a loss, penalty, model, score or dataset is, in words and numbers."""
