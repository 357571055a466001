"""Dates and filters as people give them, checked and spelled; pure."""
