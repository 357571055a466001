import copy
import json
import pickle

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from voxframe import Credentials
from voxframe._http.token import TokenSource
from voxframe.errors import CredentialsError


def pem(key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def contents(key):
    return {
        "account_email": "someone@example.com",
        "account_id": 4711,
        "key_id": "0b3c-11",
        "private_key": pem(key),
    }


def test_a_file_a_dict_and_the_variable_are_the_same(contents, tmp_path, monkeypatch):
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(contents), encoding="utf-8")
    monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(path))
    loaded = [Credentials.load(source) for source in (contents, path, str(path), None)]
    assert {(c.account_id, c.key_id) for c in loaded} == {(4711, "0b3c-11")}
    assert Credentials.load(loaded[0]) is loaded[0]


def test_no_credentials_at_all(monkeypatch):
    monkeypatch.delenv("VOXIMPLANT_CREDENTIALS", raising=False)
    with pytest.raises(CredentialsError, match="VOXIMPLANT_CREDENTIALS"):
        Credentials.load()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CredentialsError, match=r"nowhere\.json"):
        Credentials.load(tmp_path / "nowhere.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\xff\xfe"])
def test_a_malformed_file_is_named(text, tmp_path):
    path = tmp_path / "broken.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CredentialsError, match=r"broken\.json"):
        Credentials.load(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_id", None), ("account_id", "x"), ("account_id", True), ("account_id", 1.5),
        ("key_id", ""), ("key_id", 5), ("private_key", None), ("private_key", "no key"),
        ("private_key", 5),
    ],
)  # fmt: skip
def test_a_malformed_field_is_named_and_the_key_is_not_shown(contents, field, value):
    secret = contents["private_key"]
    with pytest.raises(CredentialsError, match=field) as refused:
        Credentials.load({**contents, field: value})
    assert secret[40:80] not in str(refused.value)


def test_a_key_of_another_kind_is_refused(contents):
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(CredentialsError, match="not an RSA key"):
        Credentials.load({**contents, "private_key": other})


def test_the_key_is_in_no_repr_and_no_pickle(contents):
    credentials = Credentials.load(contents)
    assert "PRIVATE" not in repr(credentials)
    assert contents["private_key"][40:80] not in repr(credentials)
    for leave in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="pickled"):
            leave(credentials)


class Now:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


def test_claims_and_header(contents, key):
    now = Now()
    token = TokenSource(Credentials.load(contents), now).token()
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": "0b3c-11", "typ": "JWT"}
    claims = jwt.decode(
        token, key.public_key(), algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    assert claims["iss"] == "4711"
    assert 1 <= now.seconds - claims["iat"] <= 10
    assert 600 <= claims["exp"] - claims["iat"] <= 3000


def test_one_token_is_shared_until_it_nears_its_end(contents):
    now = Now()
    source = TokenSource(Credentials.load(contents), now)
    first = source.token()
    now.seconds += 1000
    assert source.token() == first
    now.seconds += 800
    assert source.token() != first


def test_only_the_first_to_complain_renews(contents):
    now = Now()
    source = TokenSource(Credentials.load(contents), now)
    first = source.token()
    now.seconds += 1
    source.renew(first)
    second = source.token()
    source.renew(first)
    assert second != first
    assert source.token() == second


def test_the_services_clock_is_taken_over(contents):
    now = Now()
    source = TokenSource(Credentials.load(contents), now)
    source.learn_skew(-90)
    claims = jwt.decode(source.token(), options={"verify_signature": False})
    assert claims["iat"] < now.seconds - 90
