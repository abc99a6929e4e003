"""Measurements for the claims in docs/performance.rst."""
