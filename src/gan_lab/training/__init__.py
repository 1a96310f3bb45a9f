"""How a GAN is trained: steps, loop, state, random numbers, samples, the monitor."""
