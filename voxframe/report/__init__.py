"""The report: one page that says what a call history cost, how busy it was, what failed."""
