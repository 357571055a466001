"""Which links are followed, and to which a token may go."""

import pytest

from voxframe._http.library import httpx
from voxframe._http.links import RefusedLinkError, checked_link, may_have_the_token, same_file

API = httpx.URL("https://api.voximplant.com")
HERE = httpx.URL("http://127.0.0.1:8080")


@pytest.mark.parametrize(
    "link",
    [
        "https://storage-gw-ru-02.voximplant.com/voximplant-records/2026/10/01/x.mp3?record_id=1",
        "https://api.voximplant.com/x",
        "https://VOXIMPLANT.com/x",
        "http://www-eu-17.voximplant.com/records/x.mp3",
    ],
)
def test_the_services_own_hosts_get_the_token_and_only_over_https(link):
    url = checked_link(link, API)
    assert url.scheme == "https"
    assert may_have_the_token(url, API)


@pytest.mark.parametrize(
    "link",
    [
        "https://evilvoximplant.com/x",
        "https://voximplant.com.example.net/x",
        "https://voximplant.com:8443/x",
        "https://example.net/voximplant.com",
        "https://voximplant.com.:443/x",
        "https://bucket.s3.amazonaws.com/x",
    ],
)
def test_others_are_asked_without_it(link):
    assert not may_have_the_token(checked_link(link, API), API)


@pytest.mark.parametrize(
    "link",
    [
        "", "x.mp3", "/etc/passwd", "//example.net/x", "file:///etc/passwd", "ftp://example.net/x",
        "http://example.net/x", "http://voximplant.com:8080/x", "https://u:p@voximplant.com/x",
        "https://api.voximplant.com@example.net/x", "http://127.0.0.1:1/x", "https://localhost/x",
        "https://[::1]/x", "https://", "javascript:x", "https://exa\x00mple.net/",
    ],
)  # fmt: skip
def test_what_leads_nowhere_that_is_fetched_from_is_refused(link):
    with pytest.raises(RefusedLinkError):
        checked_link(link, API)


def test_this_machine_is_asked_by_what_is_on_it_and_another_port_is_another_service():
    assert may_have_the_token(checked_link("http://127.0.0.1:8080/x", HERE), HERE)
    assert not may_have_the_token(checked_link("http://127.0.0.1:8081/x", HERE), HERE)
    assert not may_have_the_token(checked_link("http://localhost:8080/x", HERE), HERE)
    with pytest.raises(RefusedLinkError):
        checked_link("http://192.168.1.1:8080/x", HERE)


def test_an_own_address_gets_the_token_on_its_own_port():
    base = httpx.URL("https://gateway.example.org:8443")
    assert may_have_the_token(checked_link("https://gateway.example.org:8443/r", base), base)
    assert not may_have_the_token(checked_link("https://gateway.example.org/r", base), base)


def test_what_passes_does_not_make_another_file():
    assert same_file("http://a.net/r?id=1&expires=5#x") == same_file(
        "https://a.net/r?X-Amz-Date=7&id=1&Signature=q"
    )
    assert same_file("https://a.net/r?id=1") != same_file("https://a.net/r?id=2")
    assert same_file("https://exa\x00mple") == "https://exa\x00mple"
