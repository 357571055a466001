"""What `Receipt.settled` can say: how each sentence, or what follows a semicolon, begins."""

SETTLED: dict[str, str] = {
    "one answer held every session that the service counts": "The strongest there is: nothing was "
    "put together.",
    "read forward by start_date; the service's count, before and after, is": "Page by page, by "
    "key; nothing came or went meanwhile.",
    "read forward by start_date; the service counted": "Its count changed meanwhile, so parts were "
    "counted, and read again where they differed.",
    "the service does not sort by start_date": "Each part is one answer that holds its own total.",
    "counted again in": "A long window was counted by stretches of four weeks, some of which "
    "differed and were read again.",
    "the service had left out a part of that time": "It had shortened a long window in silence; "
    "days were read one by one.",
    "read in several stretches of time": "The sum of several receipts.",
    "the service does not know a session id": "Of ids that were asked for: see `missing_ids`.",
    "more sessions than asked for": "Of a count, which does not go on.",
    "the window is empty, so nothing was asked": "It ends where it begins, or holds no second.",
    "no day is new or unsettled, so nothing was asked": "Of a sync.",
    "read before the window was over": "Of an export: the same call reads the end again.",
    "sessions still changed": "Of a sync: how long after their end, at least; a `lookback` that is "
    "shorter would miss it.",
    "read from": "Files of `to_parquet` that hold no receipt.",
}


def settled_as_markdown() -> str:
    """Return the sentences as Markdown for the data dictionary: a line a sentence."""
    rows = [f"| {words} … | {meaning} |" for words, meaning in SETTLED.items()]
    return "\n".join(["| how it begins | what it means |", "|---|---|", *rows]) + "\n"
