"""The invented city of the demo: which premises there are, who works there, how their cameras have been."""
