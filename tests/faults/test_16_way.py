"""Row 51: what stands on the way to the service."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.faulty import FROM, TO, all_gone, at_most, check, serving
from tests.support.listening import Listener, listening, wait_until_heard
from voxframe import Client, RetryPolicy
from voxframe._http.environment import find_proxy
from voxframe._http.library import httpx
from voxframe.emulator import Emulator, World
from voxframe.errors import InvalidQueryError, TransportError

ELSEWHERE = "https://api.voximplant.invalid"  # never asked: the proxy is
TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
HASTY = RetryPolicy(max_attempts=2, request_timeout=0.5, first_wait=0.01, longest_wait=0.01)
PATIENT = RetryPolicy(timeout=600.0, request_timeout=300.0)
STUCK = {
    "a proxy that never answers": (Listener.hang, True),
    "a drip in place of a handshake": (Listener.drip, False),
    "the same behind a proxy": (Listener.then_drip, True),
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for name in (*TRUST, "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def key():
    with Emulator(World(sessions=0)) as emulator:
        return emulator.credentials


def address(listener: Listener, monkeypatch, *, proxy: bool) -> str:
    if not proxy:
        return f"https://localhost:{listener.port}"
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:word@127.0.0.1:{listener.port}")
    return ELSEWHERE


@pytest.mark.parametrize("kind", STUCK)
def test_a_request_has_a_deadline_on_the_way_too(kind, key, monkeypatch):
    how, proxy = STUCK[kind]
    with listening(how.__get__) as listener:
        url = address(listener, monkeypatch, proxy=proxy)
        with (
            Client(key, base_url=url, retry=HASTY) as client,
            at_most(5.0),
            pytest.raises(TransportError, match="after 2 attempts") as told,
        ):
            client.read_call_history(FROM, TO)
        assert len(listener.heard) == 2
    assert "word" not in str(told.value)


@pytest.mark.parametrize("kind", STUCK)
def test_a_client_is_closed_on_the_way_too(kind, key, monkeypatch):
    how, proxy = STUCK[kind]
    with listening(how.__get__) as listener:
        url = address(listener, monkeypatch, proxy=proxy)
        client = Client(key, base_url=url, retry=PATIENT)
        with ThreadPoolExecutor(1) as worker:
            reading = worker.submit(client.read_call_history, FROM, TO)
            wait_until_heard(listener)
            with at_most(2.0):
                client.close()
                with pytest.raises(TransportError, match=r"closed|stopped"):
                    reading.result(60)
                all_gone()


def test_a_tunnel_whose_handshake_failed_is_not_used_again(key, monkeypatch):
    with listening(lambda listener: listener.then_nonsense) as listener:
        url = address(listener, monkeypatch, proxy=True)
        with (
            Client(key, base_url=url, retry=HASTY) as client,
            pytest.raises(TransportError, match=r"does not speak TLS .* given up after 2 attempts"),
        ):
            client.read_call_history(FROM, TO)
        assert len(listener.heard) == 2


def test_a_proxy_that_wants_a_name_is_asked_once(key, monkeypatch):
    with listening(lambda listener: listener.refuse) as listener:
        url = address(listener, monkeypatch, proxy=True)
        said = rf"127\.0\.0\.1:{listener.port} \(HTTPS_PROXY\) asks for a name.* \(407\)"
        with (
            Client(key, base_url=url) as client,
            pytest.raises(TransportError, match=said) as told,
        ):
            client.read_call_history(FROM, TO)
        assert len(listener.heard) == 1
        assert listener.heard[0].startswith(b"CONNECT api.voximplant.invalid:443 ")
        # No token goes to a proxy.
        assert b"Bearer" not in listener.heard[0]
    assert "me:word" not in str(told.value)


def test_socks_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    settings = {"https": "socks5://me:word@127.0.0.1:9"}
    with pytest.raises(TransportError, match=r"HTTPS_PROXY: .*pip install socksio") as told:
        find_proxy(httpx.URL(ELSEWHERE), settings)
    assert "word" not in str(told.value)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_own_authority_is_trusted_where_a_variable_names_it(
    variable, small, tmp_path, monkeypatch
):
    with Emulator(small, tls=True) as emulator:
        certificate = emulator.write_certificate(tmp_path / "ca.pem")
        given = {"base_url": emulator.base_url}
        with (
            Client(emulator.credentials, **given) as client,
            pytest.raises(TransportError, match=r"cannot be trusted.*SSL_CERT_FILE"),
        ):
            client.read_call_history(FROM, TO)
        assert emulator.counters.requests == 0
        monkeypatch.setenv(variable, str(certificate))
        with Client(emulator.credentials, **given) as client:
            check(client.read_call_history(FROM, TO).tables, small)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("api.voximplant.com", "api.voximplant.com has no https:// in front"),
        ("https://me:word@api.voximplant.com", "must have no user, query or fragment"),
        ("https://api.voximplant.com?key=word", "must have no user, query or fragment"),
        ("http://api.voximplant.com", "would send the token in the clear; use https"),
        ("word word", "is not an address like https://api.voximplant.com"),
    ],
)
def test_an_address_that_is_refused_says_why(url, said, key):
    with pytest.raises(InvalidQueryError, match=said) as told:
        Client(key, base_url=url)
    assert "word" not in str(told.value)


def test_no_proxy_is_asked_for_this_machine(small, monkeypatch):
    with listening(lambda listener: listener.hang) as listener:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{listener.port}")
        with serving(small) as service:
            check(service.read().tables, small)
        assert listener.heard == []
