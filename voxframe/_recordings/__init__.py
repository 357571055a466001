"""Recordings, transcriptions and logs: what is wanted, under which name, fetched once and whole."""
