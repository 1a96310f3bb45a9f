"""What people type that is no setting here, and what they mean by it."""
