"""How much one request may ask for: the page size and its like.

https://voximplant.com/docs/references/httpapi/history#getcallhistory
"""

PAGE_SIZE = 1000
"""Sessions an answer, at most (`count`)."""

LARGEST_OFFSET = 10_000
"""Sessions that an answer can skip, at most (`offset`)."""

MOST_IDS = 1000
"""Session ids in one request, at most."""
