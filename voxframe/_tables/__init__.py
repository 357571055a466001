"""Pages of an interval to one result, and results to pandas."""
