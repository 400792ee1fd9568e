"""Zeta."""
