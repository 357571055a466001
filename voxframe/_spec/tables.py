"""The four tables, declared once: what they hold, in which type, in which unit, and from where.

The field names are the service's own
(https://voximplant.com/docs/references/httpapi/history#getcallhistory). Some are in no
reference but in every real answer: `active`, `direction`, a call's `audio_quality`,
`is_removed`, `expiration_date`. Where a column stands in its table carries no meaning.
"""

import pyarrow as pa

INSTANT = pa.timestamp("us", "UTC")
DATE = pa.date32()
MONEY = pa.decimal128(18, 9)
CATEGORY = pa.dictionary(pa.int32(), pa.string())

_TYPES = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "category": CATEGORY,
    "instant": INSTANT,
    "date": DATE,
    "money": MONEY,
}

Path = tuple[str, ...]

#: A column's name, kind and meaning; then its path in the row's JSON if that is not its name.
_Row = tuple[str, str, str, *Path]

SESSION_ID = "call_session_history_id"
_PARENT: _Row = (
    SESSION_ID,
    "int",
    "The session that the row belongs to, the key of `sessions`.",
)

_ROWS: dict[str, tuple[_Row, ...]] = {
    "sessions": (
        ("call_session_history_id", "int", "The unique id of the session."),
        ("account_id", "int", "The account that the session belongs to."),
        ("application_id", "int", "The application that ran."),
        ("application_name", "category", "The application's name."),
        ("user_id", "int", "The user that the session belongs to, if any."),
        ("rule_name", "category", "The routing rule that started the session."),
        ("start_date", "instant", "When the session started, an instant in UTC."),
        ("duration", "int", "How long the session lasted, in seconds; null while it goes on."),
        ("active", "bool", "Whether the session was still going on."),
        ("audio_quality", "category", "Standard, HD or Ultra HD."),
        ("finish_reason", "category", "Why the session ended, in the service's words."),
        ("custom_data", "text", "What the scenario attached to the session."),
        ("initiator_address", "text", "The IP address that started the session."),
        ("media_server_address", "text", "The IP address of the session's media server."),
        ("log_file_url", "text", "Where the session's log lies; cleared after one month."),
    ),
    "calls": (
        _PARENT,
        ("call_id", "int", "The unique id of the call (one leg of the session)."),
        ("transaction_id", "int", "The billing transaction of the call."),
        ("start_time", "instant", "When the call started, an instant in UTC."),
        ("duration", "int", "How long the call lasted, in seconds."),
        ("local_number", "text", "The number or user name on the service's side."),
        ("remote_number", "text", "The number, user name or SIP address of the other side."),
        ("remote_number_type", "category", "What the other side is: pstn, mobile, user, sip …"),
        ("diversion_number", "text", "The number that the call was diverted from."),
        ("incoming", "bool", "Whether the call came in."),
        ("successful", "bool", "Whether the call was answered."),
        ("record_url", "text", "Where the call's recording lies."),
        ("media_server_address", "text", "The IP address of the call's media server."),
        ("audio_quality", "category", "Standard, HD or Ultra HD."),
        ("custom_data", "text", "What the scenario attached to the call."),
        ("direction", "category", "The tariff's name, such as Russia Mobile; not in or out."),
        ("cost", "money", "The call's price in the account's currency, exact to 9 decimals."),
        (
            "end_reason_code",
            "int",
            "The SIP code that the call ended with.",
            "end_reason",
            "code",
        ),
        ("end_reason_details", "text", "The same in words.", "end_reason", "details"),
    ),
    "records": (
        _PARENT,
        ("record_id", "int", "The unique id of the recording."),
        ("transaction_id", "int", "The billing transaction of the recording."),
        ("record_name", "text", "The recording's name."),
        ("record_url", "text", "Where the recording lies."),
        ("transcription_url", "text", "Where the transcription lies."),
        ("transcription_status", "category", "Not required, In progress or Complete."),
        ("start_time", "instant", "When the recording started, an instant in UTC."),
        ("duration", "int", "How long the recording is, in seconds."),
        ("cost", "money", "The recording's price in the account's currency, exact to 9 decimals."),
        ("file_size", "float", "The recording's size, in bytes."),
        ("is_removed", "bool", "Whether the recording was removed."),
        ("expiration_date", "date", "The day on which the recording expires."),
    ),
    "resource_usage": (
        _PARENT,
        ("resource_usage_id", "int", "The unique id of the use."),
        ("transaction_id", "int", "The billing transaction of the use."),
        ("ref_call_id", "int", "The call that the use belongs to, if any."),
        ("resource_type", "category", "What was used: CALLSESSION, ASR, TRANSCRIPTION …"),
        ("cost", "money", "The use's price in the account's currency, exact to 9 decimals."),
        ("description", "text", "What was used, in words."),
        ("unit", "category", "The unit that `resource_quantity` is in."),
        ("used_at", "instant", "When it was used, an instant in UTC."),
        ("resource_quantity", "float", "How much was used, in `unit`."),
    ),
}

SCHEMAS: dict[str, pa.Schema] = {
    table: pa.schema(
        [pa.field(row[0], _TYPES[row[1]], metadata={"description": row[2]}) for row in rows]
    )
    for table, rows in _ROWS.items()
}

#: The list in a session's JSON that each child table is made from.
CHILDREN: dict[str, str] = {
    "calls": "calls",
    "records": "records",
    "resource_usage": "other_resource_usage",
}

#: Where in the JSON of a row each column's value is; the parent's id is in no child's row.
PATHS: dict[str, dict[str, Path]] = {
    table: {row[0]: row[3:] or row[:1] for row in rows if row is not _PARENT}
    for table, rows in _ROWS.items()
}

#: What a row cannot be without: its own id, and a session its place in time.
REQUIRED: dict[str, tuple[str, ...]] = {
    "sessions": (SESSION_ID, "start_date"),
    "calls": ("call_id",),
    "records": ("record_id",),
    "resource_usage": ("resource_usage_id",),
}

_PANDAS = {
    pa.int64(): "Int64",
    pa.float64(): "Float64",
    pa.bool_(): "boolean",
    pa.string(): "str",
    CATEGORY: "category",
    INSTANT: "datetime64[us, UTC]",
    DATE: "datetime64[s]",
    MONEY: "Float64",
}

_ARROW = {
    pa.float64(): "float64",
    DATE: "date32",
    CATEGORY: "dictionary<int32, string>",
    INSTANT: "timestamp[us, UTC]",
}


def data_dictionary() -> str:
    """Return the four tables as Markdown for the README: a section each, a line a column."""
    parts = []
    for table, schema in SCHEMAS.items():
        rows = [f"### `{table}`", "", "| column | Arrow | pandas | meaning |", "|---|---|---|---|"]
        for field in schema:
            meaning = field.metadata[b"description"].decode()
            arrow = _ARROW.get(field.type, str(field.type))
            rows.append(f"| `{field.name}` | {arrow} | {_PANDAS[field.type]} | {meaning} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"
