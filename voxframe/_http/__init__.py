"""One request, one answer: token, transport, verdict, wait, again."""
