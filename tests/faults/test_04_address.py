"""Row 14: the token goes nowhere else."""

import contextlib
import datetime as dt
import gzip
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.faulty import FROM, QUICK, TO, at_most, serving
from voxframe import Client
from voxframe._http.body import inflated
from voxframe._http.environment import find_proxy
from voxframe._http.library import httpx
from voxframe._http.network import NetworkError
from voxframe.emulator import Emulator, Fault
from voxframe.errors import InvalidQueryError, TransportError


def test_a_redirect_is_not_followed(small):
    with Emulator(small) as elsewhere:
        there = f"{elsewhere.base_url}/platform_api/GetCallHistory"
        with serving(small, faults=[Fault("redirect", location=there)]) as service:
            with at_most(2.0), pytest.raises(TransportError, match=r"redirect.*check base_url"):
                service.read()
            assert service.requests == 1
        assert elsewhere.counters.requests == 0


@pytest.fixture
def bad_certificate(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """A TLS server that signed its own certificate, and what it was told in confidence."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with contextlib.suppress(OSError), connection:
                    connection.settimeout(2.0)
                    heard.append(b"connected")
                    with context.wrap_socket(connection, server_side=True) as private:
                        heard.append(private.recv(65_536))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.getsockname()[1]}", heard
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5.0)


def test_a_certificate_that_nobody_signed_ends_it_before_the_token_is_sent(small, bad_certificate):
    url, heard = bad_certificate
    with (
        Emulator(small) as emulator,
        Client(emulator.credentials, base_url=url) as client,
        at_most(3.0),
        pytest.raises(
            TransportError, match=r"certificate of localhost.*cannot be trusted.*SSL_CERT_FILE"
        ),
    ):
        client.read_call_history(FROM, TO)
    assert heard == [b"connected"]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.voximplant.com",
        "http://127.0.0.1.example.net",
        "http://localhost@example.net",
        "http://127.0.0.1:80@example.net",
        "http://[::1",
        "http://127.0.0.1:99999",
        "ftp://127.0.0.1",
        "api.voximplant.com",
        "https://user:word@api.voximplant.com",
        "https://api.voximplant.com/?to=example.net",
        "https:///platform_api",
        7,
    ],
)
def test_an_address_to_which_no_token_may_go_is_refused(url, small):
    credentials = Emulator(small).credentials
    with pytest.raises(InvalidQueryError, match=r"^base_url: ") as told:
        Client(credentials, base_url=url)
    assert "word" not in str(told.value)


def test_this_machine_may_be_spoken_to_in_the_clear(small):
    with serving(small, retry=QUICK) as service:
        port = service.emulator.base_url.rpartition(":")[2]
        for url in (
            f"http://localhost:{port}",
            f"http://127.0.0.1:{port}/",
            f"http://127.0.0.1:{port}/platform_api",
            f"http://127.0.0.1:{port}/platform_api/",
        ):
            with Client(service.emulator.credentials, base_url=url) as client:
                assert client.get_call_history(from_date=FROM, to_date=TO).count == 20


def test_nobody_listens_is_said_within_seconds_by_name(small):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    credentials = Emulator(small).credentials
    said = rf"127\.0\.0\.1:{port}.*refused.*base_url"
    with (
        Client(credentials, base_url=f"http://127.0.0.1:{port}") as client,
        at_most(10.0),
        pytest.raises(TransportError, match=said),
    ):
        client.read_call_history(FROM, TO)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "SSL_CERT_FILE: /nowhere/ca.pem cannot be read"),
        ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem", "REQUESTS_CA_BUNDLE: /nowhere/ca.pem"),
        ("CURL_CA_BUNDLE", "/nowhere/ca.pem", "CURL_CA_BUNDLE: /nowhere/ca.pem"),
        ("HTTPS_PROXY", "http://me:word@127.0.0.1:9", "the proxy 127.0.0.1:9 .HTTPS_PROXY"),
        ("HTTPS_PROXY", "socks4://me:word@127.0.0.1:9", "HTTPS_PROXY: names a kind of proxy"),
    ],
)
def test_what_the_environment_says_wrong_is_named(variable, value, said, small, monkeypatch):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv(variable, value)
    credentials = Emulator(small).credentials
    with (
        Client(credentials, base_url="https://api.voximplant.invalid") as client,
        at_most(10.0),
        pytest.raises(TransportError, match=said) as told,
    ):
        client.read_call_history(FROM, TO)
    assert "word" not in str(told.value)


@pytest.mark.parametrize(
    ("entry", "exempt"),
    [
        ("::1,[fe80::1]:443,fe80::/10", False),
        ("*", True),
        (".example.net", True),
        ("example.net:444", False),
        ("10.0.0.0/8, example.net:443", True),
        ("xample.net", False),
    ],
)
def test_no_proxy(entry, exempt):
    settings = {"https": "http://127.0.0.1:9", "no": entry}
    proxy = find_proxy(httpx.URL("https://api.example.net"), settings)
    assert (proxy is None) == exempt
    assert find_proxy(httpx.URL("https://[fe80::1]"), {**settings, "no": "fe80::/10"}) is None


def test_a_gzip_body_may_have_several_members_and_nothing_else():
    two = gzip.compress(b"one ") + gzip.compress(b"two")
    for size in (1, 7, len(two)):
        chunks = [two[i : i + size] for i in range(0, len(two), size)]
        assert b"".join(inflated(chunks)) == b"one two"
    for wrong in (two[:-1], two + b"more", two + b"\x1f"):
        with pytest.raises(NetworkError):
            list(inflated([wrong]))
