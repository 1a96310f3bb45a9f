"""What a trained run shows on a closer look: modes, equilibrium, latents."""
