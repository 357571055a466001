"""What the emulated account consists of: applications, prices, numbers, words.

Every telephone number lies in a range that its regulator keeps for fiction
(NANPA 555-01xx, Ofcom, Arcep, Bundesnetzagentur, ACMA, ComReg), every address in
a range kept for documentation (RFC 5737, RFC 2606).
"""

import json
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple


class Pattern(IntEnum):
    """The shape of a session: which legs it has and how they end."""

    INBOUND = 0
    ABANDONED = 1
    TRANSFER = 2
    SELF_SERVICE = 3
    CLICK_TO_CALL = 4
    MISSED = 5
    REMINDER = 6
    MACHINE = 7
    UNREACHED = 8
    REDIALLED = 9
    CONFERENCE = 10
    VIDEO = 11
    SCRIPT_ERROR = 12
    HUNTED = 13


class Role(IntEnum):
    """Who is at the far end of a leg."""

    CUSTOMER = 0
    AGENT = 1
    SECOND_AGENT = 2
    GUEST = 3


@dataclass(frozen=True, slots=True)
class Leg:
    """One call of a pattern: its far end, its direction and whether it connects."""

    role: Role
    incoming: bool
    successful: bool


_IN = Leg(Role.CUSTOMER, incoming=True, successful=True)
_OUT = Leg(Role.CUSTOMER, incoming=False, successful=True)
_OUT_FAILED = Leg(Role.CUSTOMER, incoming=False, successful=False)
_FROM_AGENT = Leg(Role.AGENT, incoming=True, successful=True)
_TO_AGENT = Leg(Role.AGENT, incoming=False, successful=True)
_TO_AGENT_FAILED = Leg(Role.AGENT, incoming=False, successful=False)
_TO_SECOND = Leg(Role.SECOND_AGENT, incoming=False, successful=True)
_TO_GUEST = Leg(Role.GUEST, incoming=False, successful=True)

LEGS: Final[tuple[tuple[Leg, ...], ...]] = (
    (_IN, _TO_AGENT),
    (_IN, _TO_AGENT_FAILED),
    (_IN, _TO_AGENT, _TO_SECOND),
    (_IN,),
    (_FROM_AGENT, _OUT),
    (_FROM_AGENT, _OUT_FAILED),
    (_OUT,),
    (_OUT,),
    (_OUT_FAILED,),
    (_OUT_FAILED, _OUT),
    (_IN, _TO_AGENT, _TO_SECOND, _TO_GUEST),
    (_FROM_AGENT, _TO_SECOND),
    (),
    (_IN, _TO_AGENT_FAILED, _TO_SECOND),
)
"""The legs of each pattern, indexed by its number."""

TALK: Final = (
    (210, 0.8), (55, 0.6), (380, 0.6), (75, 0.7), (165, 0.9), (24, 0.4), (32, 0.4), (17, 0.3),
    (21, 0.4), (140, 0.8), (1500, 0.5), (600, 0.6), (2, 0.5), (230, 0.8),
)  # fmt: skip
"""Median seconds and log-normal spread of a session's duration, by pattern."""


@dataclass(frozen=True, slots=True)
class Application:
    """One application of the account, or of one of its children."""

    id: int
    name: str
    account: int
    rules: tuple[str, ...]
    locals: tuple[str, ...]
    audio_quality: str
    incoming: str
    """The tariff of calls to its numbers."""
    shares: tuple[float, float]
    """Weight in office hours and out of them."""
    patterns: tuple[tuple[Pattern, float], ...]


ACCOUNT: Final = 4_203_771
CHILDREN: Final = (4_203_901, 4_203_944)

APPLICATIONS: Final = (
    Application(
        10_500_101, "support-line", ACCOUNT, ("incoming-main", "incoming-vip"),
        ("+442079460100", "+12125550100", "+4969900090100"), "Standard", "Incoming PSTN GB",
        (0.40, 0.55),
        ((Pattern.INBOUND, 0.35), (Pattern.ABANDONED, 0.26), (Pattern.TRANSFER, 0.07),
         (Pattern.HUNTED, 0.18), (Pattern.SELF_SERVICE, 0.13), (Pattern.SCRIPT_ERROR, 0.01)),
    ),
    Application(
        10_500_102, "sales-dialer", ACCOUNT, ("click-to-call", "callback"),
        ("+442079460177", "+33199000177"), "HD", "Incoming PSTN GB", (0.27, 0.02),
        ((Pattern.CLICK_TO_CALL, 0.36), (Pattern.MISSED, 0.49), (Pattern.REDIALLED, 0.12),
         (Pattern.CONFERENCE, 0.03)),
    ),
    Application(
        10_500_103, "appointment-reminders", ACCOUNT, ("campaign",),
        ("+13105550142", "+61255500142"), "Standard", "Incoming PSTN US", (0.16, 0.13),
        ((Pattern.REMINDER, 0.33), (Pattern.MACHINE, 0.16), (Pattern.UNREACHED, 0.43),
         (Pattern.REDIALLED, 0.08)),
    ),
    Application(
        10_500_104, "video-consulting", ACCOUNT, ("room",),
        ("consulting",), "Ultra HD", "Incoming SIP", (0.04, 0.02),
        ((Pattern.VIDEO, 0.80), (Pattern.CONFERENCE, 0.17), (Pattern.SCRIPT_ERROR, 0.03)),
    ),
    Application(
        10_500_201, "clinic-münchen", CHILDREN[0], ("empfang", "notdienst"),
        ("+4989999980150",), "HD", "Incoming PSTN DE", (0.08, 0.20),
        ((Pattern.INBOUND, 0.39), (Pattern.ABANDONED, 0.30), (Pattern.TRANSFER, 0.06),
         (Pattern.HUNTED, 0.17), (Pattern.SELF_SERVICE, 0.08)),
    ),
    Application(
        10_500_202, "доставка", CHILDREN[1], ("курьер", "клиент"),
        ("+35320910150",), "Standard", "Incoming PSTN IE", (0.05, 0.08),
        ((Pattern.CLICK_TO_CALL, 0.42), (Pattern.MISSED, 0.52), (Pattern.INBOUND, 0.06)),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NumberRange:
    """A range of fictional subscribers and what a minute to or from it costs."""

    prefix: str
    digits: int
    first: int
    size: int
    kind: str
    outbound: int
    inbound: int
    """Prices in nanounits (1e-9 of the account's currency) a minute."""
    tariff: str


def _us(area: int) -> NumberRange:
    return NumberRange(f"+1{area}55501", 2, 0, 100, "pstn", 8_000_000, 4_000_000, "USA")


_RANGES: Final = (
    *(_us(a) for a in (201, 206, 212, 213, 214, 303, 305, 310, 312, 404, 415, 512, 617, 702, 713)),
    NumberRange("+1800555", 4, 100, 100, "tollfree", 0, 21_000_000, "USA Tollfree"),
    NumberRange("+447700900", 3, 0, 1000, "mobile", 25_000_000, 6_000_000, "United Kingdom Mobile"),
    NumberRange("+442079460", 3, 200, 800, "pstn", 9_250_000, 6_000_000, "United Kingdom London"),
    NumberRange("+441134960", 3, 0, 1000, "pstn", 9_250_000, 6_000_000, "United Kingdom"),
    NumberRange("+33199", 6, 1000, 3000, "pstn", 11_300_000, 5_500_000, "France"),
    NumberRange("+3363998", 4, 0, 3000, "mobile", 36_700_000, 5_500_000, "France Mobile"),
    NumberRange("+4930231250", 2, 0, 100, "pstn", 10_100_000, 5_000_000, "Germany"),
    NumberRange("+4969900090", 3, 200, 800, "pstn", 10_100_000, 5_000_000, "Germany"),
    NumberRange("+49171392", 4, 0, 1000, "mobile", 41_250_000, 5_000_000, "Germany Mobile"),
    NumberRange("+617555", 5, 50_000, 2000, "pstn", 19_800_000, 9_000_000, "Australia"),
    NumberRange("+61491570", 3, 156, 700, "mobile", 47_300_000, 9_000_000, "Australia Mobile"),
    NumberRange("+35320915", 4, 0, 1000, "pstn", 12_000_000, 7_000_000, "Ireland"),
)

_DESK_PHONES: Final = 40  # agents from here on sit at SIP desk phones
USER_BASE: Final = 700_001
TAGS: Final = 2048


class FarEnd(NamedTuple):
    """Whom a call is with, and what a minute of it costs in nanounits."""

    number: str
    kind: str
    outbound: int
    inbound: int
    tariff: str


def _as_delivered(number: str, index: int) -> str:
    """Carriers do not all deliver E.164: some drop the plus, some send a SIP address."""
    style = index * 7919 % 100
    if style < 4:  # noqa: PLR2004
        return f"00{number[1:]}"
    if style < 7:  # noqa: PLR2004
        return number[1:]
    if style < 10:  # noqa: PLR2004
        return f"sip:{number}@trunk{index % 3}.example.net"
    return number


@lru_cache(maxsize=1)
def customers() -> tuple[FarEnd, ...]:
    """Return every customer, in an order that mixes the countries."""
    rows = [(f"{r.prefix}{r.first + i:0{r.digits}d}", r) for r in _RANGES for i in range(r.size)]
    ends = []
    for i in range(len(rows)):
        # A stride coprime to the length spreads popular (low) indexes over the countries.
        number, r = rows[i * 6151 % len(rows)]
        text = _as_delivered(number, i)
        kind = "sip" if text.startswith("sip:") else r.kind
        ends.append(FarEnd(text, kind, r.outbound, r.inbound, "SIP" if kind == "sip" else r.tariff))
    return tuple(ends)


AGENTS: Final = tuple(
    FarEnd(f"agent{i:02d}", "user", 0, 0, "Users")
    if i < _DESK_PHONES
    else FarEnd(f"sip:desk{i:02d}@pbx.example.com", "sip", 4_000_000, 4_000_000, "SIP")
    for i in range(48)
)


_NAMES: Final = ("Zoë", "O'Brien", "Łukasz", "Мария", "李雷", 'Ann "Annie" Lee', "José", "Åsa")
_MOODS: Final = ("🙂", "😡", "👍🏽", "")


def _custom_data(tag: int) -> str | None:
    match tag % 10:
        case 0 | 1 | 2:
            return None
        case 3:
            return f"order={tag * 37 + 100_000}"
        case 4:
            return ""
        case 5:
            note = f'said "yes"\n\\{tag}\\ {_MOODS[tag // 10 % 4]}'
            return json.dumps({"note": note}, ensure_ascii=False)
        case 6:
            return json.dumps({"customer": _NAMES[tag // 10 % 8], "id": tag}, ensure_ascii=True)
        case _:
            crm = {"crm": tag * 131 + 7, "customer": _NAMES[tag // 10 % 8], "queue": tag % 4}
            return json.dumps(crm, ensure_ascii=False, separators=(",", ":"))


CUSTOM_DATA: Final = tuple(_custom_data(tag) for tag in range(TAGS))

END_REASONS: Final[tuple[tuple[int, str | None], ...]] = (
    (480, "User offline"), (480, "User offline"), (480, "Temporarily unavailable"),
    (486, "Busy here"), (486, "Busy here"), (486, "Busy here"), (486, "User busy"),
    (487, "Request terminated"), (487, "Request terminated"), (487, "Request terminated"),
    (404, "Not found"), (408, "Request timeout"), (603, None), (603, None),
    (503, "Service unavailable"), (403, "Forbidden"),
)  # fmt: skip
FINISH_REASONS: Final = (
    "Timeout", "Insufficient funds", "Terminated administratively",
    "Internal error (billing timeout)",
)  # fmt: skip
