"""How figures look: one style, tiles of images, points, curves, captions."""
