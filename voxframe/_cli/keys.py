"""The keys of the line of JSON that ``--json`` prints, for monitors: each with what it says."""

ALWAYS = {
    "command": "Which command it was; null if none could be understood.",
    "ok": "Whether the status is 0.",
    "time": "When it ended, in UTC.",
}
SOMETIMES = {
    "dataset": "What a command works on, as it was named: of `export`, `sync`, `audit`, `report` "
    "and `download`.",
    "error": "If not `ok`: the name of the error, one of `voxframe.errors`, or `KeyboardInterrupt` "
    "where it was stopped by Ctrl-C or SIGTERM.",
    "message": "If not `ok`: what standard error says, too.",
}
BY_COMMAND = {
    "count": {
        "sessions": "How many there are.",
        "requests": "About how many requests a read of them takes.",
        "seconds": "About how long it takes.",
        "bytes": "About how large the answers are.",
        "receipt": "Of the count itself.",
    },
    "export": {
        "out": "The dataset, again.",
        "receipt": "Of the whole export, all runs that it took.",
    },
    "sync": {
        "out": "The dataset, again.",
        "days": "How many days were read that hold or held sessions.",
        "added": "Sessions that are new.",
        "changed": "Sessions that are not as they were when this dataset read them last; each run "
        "tells its own, the dataset does not keep them.",
        "vanished": "Sessions that the service no longer gives.",
        "requests": "HTTP requests sent, retries included.",
        "seconds": "From the first request to the last answer.",
        "changes": "A list, an object a day that was read: `SyncReport.changes`.",
        "lost": "A list, an object a damaged day of which the service does not give all again: "
        "`SyncReport.lost`.",
        "receipt": "Of this run alone.",
        "recordings": "With `--recordings`: `out`, `files`, `bytes` and `errors`, as of "
        "`download`.",
    },
    "audit": {
        "path": "The dataset, again.",
        "from_date": "The first moment that was looked at.",
        "to_date": "The moment until which was looked.",
        "synced_at": "When the last sync began to read the end of it: old where a job has stopped.",
        "compared": "`days` and `sessions` that are held; of those `kept_though_purged`, which the "
        "service no longer gave.",
        "missing": "How many more sessions the service counts, of all days.",
        "days": "A list, an object a day that differs: the columns of `audit_call_history`.",
    },
    "report": {
        "out": "The page.",
        "xlsx": "The workbook, or null.",
    },
    "download": {
        "out": "The folder of the files.",
        "files": "How many of those that were looked at are there.",
        "bytes": "Their size.",
        "errors": "How many are not there, by what went wrong.",
    },
}


def keys_as_markdown() -> str:
    """Return the keys as Markdown for the data dictionary: a line a key."""
    rows = [f"| all | `{key}` | {words} |" for key, words in (ALWAYS | SOMETIMES).items()]
    rows += [
        f"| `{command}` | `{key}` | {words} |"
        for command, keys in BY_COMMAND.items()
        for key, words in keys.items()
    ]
    return "\n".join(["| command | key | what it says |", "|---|---|---|", *rows]) + "\n"
