"""Why a read may have found nothing, in a sentence."""

from voxframe._query.window import Window
from voxframe._receipt import Receipt


def why_nothing(receipt: Receipt) -> str:
    """Return what to look at where no session was found; "" where one was, or nothing is odd."""
    if receipt.sessions:
        return ""
    # Of what is not over, a dataset's receipt ends when it was read.
    if receipt.read_at is not None and receipt.from_date > receipt.read_at:
        return "the whole window is in the future, so there is nothing in it yet"
    asked = Window(receipt.from_date, receipt.to_date, receipt.inclusive)
    if asked.first >= asked.end:
        return (
            "the window ends where it begins, and its end is not included; to read one day, give "
            "the next day as to_date"
        )
    if receipt.filters:
        names = " and ".join(receipt.filters)
        return f"no session of that time matches {names}; check how that is spelled"
    return ""
