"""Other people's words as they are shown: without numbers, secrets and control characters."""

import time

import pytest

from voxframe._http.redact import redact
from voxframe._text import printable

NUMBER = "4915551234567"
WRITTEN = [
    "+4915551234567",
    "+49 155 512-345-67",
    "+49 (155) 512.345.67",
    "(0155) 512 - 345 - 67",
    "+49/155/5123/4567",
    "+49\N{EN DASH}155\N{EM DASH}51234567",
    "+49\N{NON-BREAKING HYPHEN}155\N{MINUS SIGN}51234567",
    "+49\N{NO-BREAK SPACE}155\N{NARROW NO-BREAK SPACE}51234567",
    "+4\N{ZERO WIDTH SPACE}9\N{WORD JOINER}155\N{SOFT HYPHEN}51234567",
    "\N{FULLWIDTH PLUS SIGN}" + "".join(chr(ord(c) + 0xFEE0) for c in NUMBER),
    "".join(chr(ord(c) - ord("0") + 0x660) for c in NUMBER),
    "".join(chr(ord(c) - ord("0") + 0x966) for c in NUMBER),
    "+49 155\N{POP DIRECTIONAL FORMATTING} 51234567",
    "+49_155_51234567",
    "%2B49%20155%2051234567",
    "&#43;49&nbsp;155&nbsp;51234567",
    "2026-10-01-55-66-77",
]


@pytest.mark.parametrize("number", WRITTEN)
def test_a_number_is_recognized_however_it_is_written(number):
    shown = redact(f"No route to {number}, sorry", {})
    assert "[number]" in shown
    assert shown.startswith("No route to ")
    assert shown.endswith(", sorry")
    assert sum(c.isdecimal() for c in shown) == 0


@pytest.mark.parametrize(
    "words",
    [
        "campaign-2026-10-01 not found",
        "from_date 2026-10-01 00:00:00 is after to_date 2026-09-01T23:59:59.999999",
        "use 01.10.2026 or 10/31/2026 or 2026/10/31",
        "error 340, see 515; 20 (1000) of 10000",
        "count: 1000, offset: 10000, version 1.2.3",
        "'count' needs 1 to 1000",
        "HTTP 503 at 10:15:59",
        "please do not send the same request twice at GetCallHistory.parameters.from_date",
    ],
)
def test_dates_codes_and_counts_stay(words):
    assert redact(words, {}) == words


def test_values_of_personal_filters_are_removed_in_every_spelling():
    form = {
        "remote_number": "11880;+4915551234567",
        "local_number": "sip:Anna@example.org",
        "call_session_history_custom_data": "Contract of Zoë",
        "rule_name": "incoming",
    }
    words = (
        "bad 11880, 1-18-80, (11880): contract%20of%20Zo%C3%AB, CONTRACT OF ZO\u00cb, "
        "contract+of+Zo%C3%AB, contract of Zo\\u00eb, sip:anna@example.org; rule incoming"
    )
    shown = redact(words, form).casefold()
    for value in ("11880", "1-18-80", "contract", "zo", "anna", "example"):
        assert value not in shown
    assert "rule incoming" in shown


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
        "Bearer opaque-token",
        "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
        "anna@example.org",
        "sip:+49155@example.org",
    ],
)
def test_secrets_and_addresses_are_removed(secret):
    assert redact(f"not accepted: {secret}", {}) == "not accepted: [removed]"


def test_what_steers_a_terminal_is_spelled_out():
    words = "x \x1b]0;title\x07\x1b[2J\r\nvoxframe: done \x9b1m \N{RIGHT-TO-LEFT OVERRIDE}txt\x00"
    shown = redact(words, {})
    assert shown.isprintable()
    assert shown == r"x \x1b]0;title\x07\x1b[2J voxframe: done \x9b1m \u202etxt\x00"
    assert printable("na\nme\x1b[8m\udc80\u00a0ü") == r"na\nme\x1b[8m\udc80 ü"


@pytest.mark.parametrize("tail", ["491555123456", "+49 155 512 345", "anna.anna.anna"])
def test_what_is_cut_does_not_end_in_half_a_number_or_name(tail):
    # Short masks make room for what lies far behind, up to the cut.
    numbers = ("1 " * 400 + "; ") * 3
    for spaces in range(1960, 2001):
        words = ("4915551234567" + "0" * 300 + "; ") * 6
        shown = redact(words + "a" * (spaces - len(words) - 1) + " " + tail * 200, {})
        assert tail[:5] not in shown
    assert len(redact(numbers, {})) <= 300
    assert redact("long word " * 100, {}).endswith("…")


@pytest.mark.parametrize(
    "junk", ["1", "1 ", "a", "a@", "1-", "%25", "&amp;", "-----", "eyJ.", "\x00"]
)
def test_long_words_take_no_long_time(junk):
    form = {"remote_number": ";".join(str(4_915_500_000 + i) for i in range(1000))}
    began = time.process_time()
    redact(junk * (65_536 // len(junk)), form)
    assert time.process_time() - began < 1.0
