"""Asking the audit in words: rows with the names of whom and what they speak of, the state of the chain, files to take away."""
