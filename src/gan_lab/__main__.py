"""`python -m gan_lab`: the same as `gan-lab`."""

from gan_lab.cli import main

main()
