"""How a training and a trained run are shown: on a terminal, in lines, in a notebook."""
