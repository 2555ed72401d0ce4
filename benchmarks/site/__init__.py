"""Measure the size and the Lighthouse scores of the built book."""
