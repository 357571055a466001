"""Which pages to ask for, so that no session is lost; pure, numpy only."""
