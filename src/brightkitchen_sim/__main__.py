"""`python -m brightkitchen_sim` is the same as `brightkitchen-sim`."""

from brightkitchen_sim.main import main

main()
