"""SIP codes: what each means in plain words, and who is to blame.

The codes and names are those of RFC 3261 §21 (607 of RFC 8197, 608 of RFC 8688);
their ISUP counterparts (ITU-T Q.850) those of RFC 3398 §7.2.4.1 and §8.2.6.1. The
service uses them in ``end_reason``
(https://voximplant.com/docs/references/websdk/voximplant/eventhandlers/failed).
"""

from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """What an end code says."""

    text: str
    """In plain words."""
    outcome: str
    """One of ``OUTCOMES``."""


OUTCOMES: Final = {
    "completed": "the call ended normally",
    "busy": "the far end was busy",
    "no answer": "the far end was reached, or its network, and nobody answered",
    "cancelled": "the caller, or the scenario, gave up while it rang",
    "rejected": "the far end declined",
    "number": "there is no such number, or it is written wrongly",
    "refused": "a network or the service would not carry the call",
    "network": "something failed on the way",
    "unknown": "no code, or one that no table explains",
}
"""What became of a call, in the order from the callee to the network."""

EFFECTIVE: Final = frozenset({"busy", "no answer", "cancelled", "rejected"})
"""Outcomes in which the network did its part: the call was delivered (ITU-T E.425)."""

MEANINGS: Final[dict[int, Meaning]] = {
    200: Meaning("Ended normally", "completed"),
    400: Meaning("Malformed request", "network"),
    401: Meaning("Not authorised", "refused"),
    402: Meaning("Not enough money on the account", "refused"),
    403: Meaning("Forbidden by the network", "refused"),
    404: Meaning("No such number", "number"),
    405: Meaning("Method not allowed", "network"),
    406: Meaning("Not acceptable", "network"),
    407: Meaning("Proxy demands authorisation", "refused"),
    408: Meaning("No response in time", "no answer"),
    409: Meaning("Conflict", "network"),
    410: Meaning("Number no longer in use", "number"),
    413: Meaning("Request too large", "network"),
    414: Meaning("Address too long", "network"),
    415: Meaning("Media not supported", "network"),
    416: Meaning("Kind of address not supported", "number"),
    420: Meaning("Extension not supported", "network"),
    421: Meaning("Extension required", "network"),
    423: Meaning("Interval too brief", "network"),
    480: Meaning("Unavailable or did not answer", "no answer"),
    481: Meaning("Call does not exist", "network"),
    482: Meaning("Routing loop", "network"),
    483: Meaning("Too many hops", "network"),
    484: Meaning("Number incomplete", "number"),
    485: Meaning("Number ambiguous", "number"),
    486: Meaning("Busy", "busy"),
    487: Meaning("Cancelled before an answer", "cancelled"),
    488: Meaning("No common media format", "network"),
    491: Meaning("Request pending", "network"),
    493: Meaning("Cannot be decrypted", "network"),
    500: Meaning("Server error", "network"),
    501: Meaning("Not implemented", "network"),
    502: Meaning("Bad gateway", "network"),
    503: Meaning("Service unavailable or congested", "network"),
    504: Meaning("A server did not answer in time", "network"),
    505: Meaning("SIP version not supported", "network"),
    513: Meaning("Message too large", "network"),
    600: Meaning("Busy everywhere", "busy"),
    603: Meaning("Declined", "rejected"),
    604: Meaning("Does not exist anywhere", "number"),
    606: Meaning("Terminal cannot take the call", "rejected"),
    607: Meaning("Unwanted", "rejected"),
    608: Meaning("Blocked on the way", "refused"),
}

UNKNOWN: Final = Meaning("No reason given", "unknown")


def meaning(code: int | None) -> Meaning:
    """Explain an end code; one without a table's entry by its class (RFC 3261 §7.2)."""
    if code is None:
        return UNKNOWN
    if code in MEANINGS:
        return MEANINGS[code]
    classes = {2: "completed", 4: "network", 5: "network", 6: "rejected"}
    return Meaning(f"SIP code {code}", classes.get(code // 100, "unknown"))


def is_effective(code: int | None) -> bool:
    """Return whether a call that was not answered was delivered all the same."""
    return meaning(code).outcome in EFFECTIVE
