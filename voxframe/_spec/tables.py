"""The four tables, declared once: what they hold, in which type, in which unit.

The field names are the service's own
(https://voximplant.com/docs/references/httpapi/history#getcallhistory).
"""

import pyarrow as pa

INSTANT = pa.timestamp("us", "UTC")
MONEY = pa.decimal128(18, 9)
CATEGORY = pa.dictionary(pa.int32(), pa.string())

_TYPES = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "category": CATEGORY,
    "instant": INSTANT,
    "money": MONEY,
}

_Row = tuple[str, str, str]


def _schema(*rows: _Row) -> pa.Schema:
    return pa.schema(
        [
            pa.field(name, _TYPES[kind], metadata={"description": description})
            for name, kind, description in rows
        ]
    )


_PARENT: _Row = (
    "call_session_history_id",
    "int",
    "The session that the row belongs to, the key of `sessions`.",
)

SCHEMAS: dict[str, pa.Schema] = {
    "sessions": _schema(
        ("call_session_history_id", "int", "The unique id of the session."),
        ("account_id", "int", "The account that the session belongs to."),
        ("application_id", "int", "The application that ran."),
        ("application_name", "category", "The application's name."),
        ("user_id", "int", "The user that the session belongs to, if any."),
        ("rule_name", "category", "The routing rule that started the session."),
        ("start_date", "instant", "When the session started, an instant in UTC."),
        ("duration", "int", "How long the session lasted, in seconds."),
        ("audio_quality", "category", "Standard, HD or Ultra HD."),
        ("finish_reason", "category", "Why the session ended, in the service's words."),
        ("custom_data", "text", "What the scenario attached to the session."),
        ("initiator_address", "text", "The IP address that started the session."),
        ("media_server_address", "text", "The IP address of the session's media server."),
        ("log_file_url", "text", "Where the session's log lies; cleared after one month."),
    ),
    "calls": _schema(
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
        ("custom_data", "text", "What the scenario attached to the call."),
        ("cost", "money", "The call's price in the account's currency, exact to 9 decimals."),
        ("end_reason_code", "int", "The SIP code that the call ended with."),
        ("end_reason_details", "text", "The same in words."),
    ),
    "records": _schema(
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
    ),
    "resource_usage": _schema(
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

SESSION_ID = "call_session_history_id"

#: The list in a session's JSON that each child table is made from.
CHILDREN: dict[str, str] = {
    "calls": "calls",
    "records": "records",
    "resource_usage": "other_resource_usage",
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
    MONEY: "Float64",
}

_ARROW = {
    pa.float64(): "float64",
    CATEGORY: "dictionary<int32, string>",
    INSTANT: "timestamp[us, UTC]",
}


def data_dictionary() -> str:
    """Give the four tables as Markdown, one section and one line a column.

    Returns
    -------
    str
        Markdown that ends in a newline.
    """
    parts = []
    for table, schema in SCHEMAS.items():
        rows = [f"### `{table}`", "", "| column | Arrow | pandas | meaning |", "|---|---|---|---|"]
        for field in schema:
            meaning = field.metadata[b"description"].decode()
            arrow = _ARROW.get(field.type, str(field.type))
            rows.append(f"| `{field.name}` | {arrow} | {_PANDAS[field.type]} | {meaning} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"
