"""What people give where a key file belongs: taken, or named for what it is; never repeated."""

import base64
import json
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.http.test_credentials import pem
from voxframe import Credentials
from voxframe.errors import CredentialsError

VARIABLE = "VOXIMPLANT_CREDENTIALS"
KEY = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
CONTENTS = {"account_id": 4711, "key_id": "0b3c-11", "private_key": KEY}
TEXT = json.dumps(CONTENTS)
ONE_LINE = {**CONTENTS, "private_key": KEY.replace("\n", "\\n")}
API_KEY = "d0a1b2c3-d4e5-46f7-8899-aabbccddeeff"

TAKEN = {
    "text": TEXT,
    "text in lines": "\n" + json.dumps(CONTENTS, indent=2) + "\n",
    "text after a byte order mark": "\ufeff" + TEXT,
    "quoted text": f"'{TEXT}'",
    "the whole answer": json.dumps({"result": CONTENTS}),
    "escaped line ends": json.dumps(ONE_LINE),
    "line ends as blanks": json.dumps({**CONTENTS, "private_key": KEY.replace("\n", " ")}),
    "line ends of Windows": json.dumps({**CONTENTS, "private_key": KEY.replace("\n", "\r\n")}),
    "escaped once more": json.dumps(TEXT)[1:-1],
    "escaped once less": TEXT.replace("\\n", "\n"),
}
NAMED = {
    "a PEM": (KEY, "key alone"),
    "an api_key": (json.dumps({"account_id": 1, "api_key": API_KEY}), "api_key"),
    "a Google key": (
        json.dumps({"type": "service_account", "project_id": "p", "private_key": KEY}), "Google",
    ),
    "text cut short": (TEXT[:-300], "cut short"),
    "a list": (f"[{TEXT}]", "not a JSON object"),
    "a field that is missing": (json.dumps({"account_id": 1, "private_key": KEY}), "key_id"),
    "a key as its own id": (json.dumps({**CONTENTS, "key_id": KEY}), "key_id"),
    "a public key": (
        json.dumps({**CONTENTS, "private_key": KEY.replace("PRIVATE", "PUBLIC")}), "private_key",
    ),
}  # fmt: skip


def give(how: str, text: str, tmp_path, monkeypatch) -> Credentials:
    if how == "argument":
        return Credentials.load(text)
    if how == "variable":
        monkeypatch.setenv(VARIABLE, text)
        return Credentials.load()
    path = tmp_path / "key.json"
    path.write_text(text, encoding="utf-16" if how == "PowerShell" else "utf-8", newline="")
    return Credentials.load(path)


def shown(error: BaseException) -> str:
    chain = [e for e in (error.__cause__, error.__context__) if e is not None]
    own = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    return own + "".join(map(shown, chain))


def not_repeated(secret: str, error: BaseException) -> None:
    text = shown(error).replace("\\n", "").replace("\n", "")
    secret = secret.replace("\\n", "").replace("\n", "")
    inside = secret[40:-40] if "BEGIN" in secret else secret
    for at in range(0, max(len(inside) - 12, 1), 7):
        assert inside[at : at + 12] not in text


@pytest.mark.parametrize("how", ["argument", "variable", "file", "PowerShell"])
@pytest.mark.parametrize("what", TAKEN)
def test_what_is_a_key_file_is_taken(what, how, tmp_path, monkeypatch):
    loaded = give(how, TAKEN[what], tmp_path, monkeypatch)
    assert (loaded.account_id, loaded.key_id) == (4711, "0b3c-11")


@pytest.mark.parametrize("how", ["argument", "variable", "file"])
@pytest.mark.parametrize("what", NAMED)
def test_what_is_nearly_one_is_named_and_not_repeated(what, how, tmp_path, monkeypatch):
    text, says = NAMED[what]
    with pytest.raises(CredentialsError, match=says) as refused:
        give(how, text, tmp_path, monkeypatch)
    not_repeated(KEY, refused.value)
    assert API_KEY not in shown(refused.value)


@pytest.mark.parametrize(
    "secret",
    [
        API_KEY,
        API_KEY.replace("-", ""),
        base64.b64encode(TEXT.encode()).decode(),
        KEY.splitlines()[1],
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
        "https://user:secret-word@example.org/key.json",
        "secret-word\x00",
    ],
    ids=["api_key", "hex", "base64", "line", "token", "address", "zero"],
)
@pytest.mark.parametrize("how", ["argument", "variable"])
def test_what_may_be_a_secret_is_not_shown_as_a_path(secret, how, tmp_path, monkeypatch):
    if "\x00" in secret and how == "variable":
        pytest.skip("no environment holds it")
    with pytest.raises(CredentialsError, match="not the path of a file") as refused:
        give(how, secret, tmp_path, monkeypatch)
    not_repeated(secret, refused.value)


def test_a_path_is_shown_and_begins_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(CredentialsError, match=r"key of 2026/voximplant-history-2\.json"):
        Credentials.load("~/key of 2026/voximplant-history-2.json")
    (tmp_path / "key.json").write_text(TEXT, encoding="utf-8")
    assert Credentials.load("~/key.json").account_id == 4711


def test_bytes_are_named(monkeypatch):
    monkeypatch.setenv(VARIABLE, " ")
    with pytest.raises(CredentialsError, match=VARIABLE):
        Credentials.load()
    with pytest.raises(CredentialsError, match="a bytes cannot be used"):
        Credentials.load(TEXT.encode())
