"""Text of others, made fit for a line on a terminal or in a log."""


def many(number: int, word: str) -> str:
    """Return a number with the word for what it counts."""
    return f"{number:,} {word}{'s' * (number != 1)}"


def printable(text: str) -> str:
    r"""Return a text in one line, with what would steer a terminal spelled out (``\x1b``).

    Parameters
    ----------
    text : str
        Somebody else's words, or a name that somebody else chose.

    Returns
    -------
    str
        The same, if every character of it can be seen.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else " " if c == "\xa0" else c.encode("unicode_escape").decode()
        for c in text
    )
