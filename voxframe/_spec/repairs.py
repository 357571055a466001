"""The vocabulary of `Receipt.mended`: each kind of thing that is put right without a word.

A kind is counted once for each value, row or answer that it names. What ends in ``_s`` is
not a count but seconds, the most that were seen. Undocumented fields and the service's own
warnings are no repairs: see `Receipt.unknown_fields` and `Receipt.warnings`.
"""

REPAIRS: dict[str, str] = {
    "ambiguous_local_time": "A date named an hour that clocks repeat; it was taken at its first.",
    "answers_too_large": "An answer was larger than what is taken into memory; "
    "fewer sessions at once were asked for.",
    "bool_for_number": "A number came as true or false; it was taken as 1 or 0.",
    "bool_for_text": "A text came as true or false; the word was kept.",
    "byte_order_mark": "An answer began with a byte order mark; it was passed over.",
    "clock_ahead_s": "This machine's clock was ahead of the service's by so many seconds; "
    "tokens were dated by the service's.",
    "clock_behind_s": "This machine's clock was behind the service's by so many seconds; "
    "tokens were dated by the service's.",
    "cost_rounded": "A cost had more than 9 decimals; it was rounded, half to even.",
    "counts_that_moved": "The service's count changed while a window was read; "
    "its parts were counted, and read again where they differed.",
    "crowded_seconds": "More sessions than an answer holds lay within one second; "
    "it was read from both ends, and if need be in parts, to the service's count.",
    "damaged_days": "Files of a day were not there as a sync or an export wrote them; "
    "the day was read again.",
    "date_in_other_form": "A date came in another form than the documented one.",
    "date_out_of_range": "A date came that in UTC lies before the year 1 or after 9999; "
    "the nearest instant of those years was taken.",
    "duplicate_key": "A field came twice in one object; the last value was taken.",
    "empty_object": "Where a list belongs came `{}`; it was taken for an empty list.",
    "empty_text": 'Where no text belongs came `""`; it was taken for nothing.',
    "end_reason_not_an_object": "An end reason came as a code or as text; "
    "it was taken apart into code and details.",
    "fraction_for_integer": "A whole number came with a fraction of zero, such as 5.0.",
    "invalid_utf8": "An answer was not valid UTF-8; bytes that are not a letter became U+FFFD.",
    "lone_surrogate": "Half of a UTF-16 pair stood alone; it became U+FFFD.",
    "number_for_bool": "A boolean came as 1 or 0.",
    "number_for_text": "A text came as a number; its digits were kept.",
    "object_for_text": "A text came as an object or a list; its JSON was kept.",
    "order_not_by_start_date": "The service's order was not by `start_date`; "
    "the window was read in parts that one answer holds.",
    "stray_answers": "An answer held sessions outside of what was asked; it was asked again.",
    "text_for_bool": "A boolean came as text.",
    "text_for_number": "A number came as text.",
    "timezone_of_answers": "The answers came in another timezone than was thought; "
    "the window was planned anew.",
    "windows_shortened": "The service gave only a part of a long window in silence; "
    "it was read day by day.",
    "token_renewed": "The service took the token for expired; a fresh one was signed.",
}


def repairs_as_markdown() -> str:
    """Return the vocabulary as Markdown for the README: a line a kind."""
    rows = [f"| `{kind}` | {sentence} |" for kind, sentence in sorted(REPAIRS.items())]
    return "\n".join(["| kind | what happened |", "|---|---|", *rows]) + "\n"
