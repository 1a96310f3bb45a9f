"""What every package may use, and what imports nothing of gan_lab but itself."""
