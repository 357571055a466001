"""Bytes of one answer to typed tables of one page; pure."""
