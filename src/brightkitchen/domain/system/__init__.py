"""What the installation itself is: who may see how it is set up."""
