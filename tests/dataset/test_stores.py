"""Where Delta tables can lie, and what is said of a store that does not do what is wanted."""

import pytest

import voxframe
from tests.dataset.test_follow import FIRST, account
from tests.support.faulty import serving
from tests.support.following import given, held
from tests.support.object_store import BUCKET, SECRET, object_store
from voxframe._cli.main import main
from voxframe._dataset.stores import fault
from voxframe.errors import ExportError, InvalidQueryError

pytest.importorskip("deltalake")


@pytest.mark.parametrize("name", ["a b", "a%b", "a{b}", "ü 日本", "a&b=c+d,e;f", "a'b~c@d!$()"])
def test_a_folder_may_have_any_usual_name(tmp_path, name):
    world = account(late=0.0, slow_bills=0.0)
    with serving(world) as service:
        for _ in range(2):
            service.client.sync_call_history(tmp_path / name, FIRST, format="delta")
        assert held(voxframe.open_dataset(tmp_path / name).read().tables) == given(
            world.expected(FIRST)
        )


@pytest.mark.parametrize(
    "name", ["a#b", "a?b", "a%20b", "a[b", "a]b", "a|b", "a^b", "a\tb", "a\\b"]
)
def test_a_name_that_the_library_takes_for_something_else_is_refused(tmp_path, name):
    with serving(account()) as service:
        with pytest.raises(ExportError, match="Delta tables cannot lie at a path with"):
            service.client.sync_call_history(tmp_path / name / "h", FIRST, format="delta")
        assert service.requests == 0
        # Parquet can lie there.
        service.client.sync_call_history(tmp_path / name / "h", FIRST)
        assert len(service.client.audit_call_history(tmp_path / name / "h")) == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://b/pq", "path: ftp:// is not an object store for Delta tables; s3://, gs://"),
        ("https://b/pq", "path: https:// is not an object store"),
        ("s3://Not_A Bucket!/b", "is not the URL of a bucket; write it like s3://bucket/folder"),
        ("s3:///b", "is not the URL of a bucket"),
    ],
)
def test_what_is_not_an_object_store_is_refused(url, words):
    with serving(account()) as service:
        with pytest.raises(InvalidQueryError) as caught:
            service.client.sync_call_history(url, FIRST)
        assert service.requests == 0
        assert words in str(caught.value)
    with pytest.raises(InvalidQueryError):
        voxframe.open_dataset(url)


@pytest.fixture(scope="module")
def store():
    pytest.importorskip("moto")
    with object_store() as options:
        yield options


def test_a_report_is_made_of_what_a_store_holds(store, tmp_path, monkeypatch, capsys):
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    url, world = f"s3://{BUCKET}/report", account(late=0.0, slow_bills=0.0)
    with serving(world) as service:
        service.client.sync_call_history(url, FIRST, storage_options=store)
        service.client.sync_call_history("h", FIRST, format="delta")
    for name, value in store.items():
        monkeypatch.setenv(name, value)
    for path in (url, "h"):
        assert main(["report", path, "--out", "page.html"]) == 0
        assert "page.html: " in capsys.readouterr().out
        assert main(["audit", path]) == 1
        assert "there are no credentials" in capsys.readouterr().err


NOBODY = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "max_retries": "0", "retry_timeout": "1s"}


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        (
            "s3://nobucket/x", {},
            ("The specified bucket does not exist (NoSuchBucket); make the bucket, or check its "
            "name, AWS_REGION and AWS_ENDPOINT_URL"),
        ),
        (
            f"s3://{BUCKET}/x", NOBODY,
            ("tcp connect error: Connection refused (os error 111); http://127.0.0.1:9 does not "
            "answer: check AWS_ENDPOINT_URL, or try again later"),
        ),
        (
            f"s3://{BUCKET}/x", {"AWS_ALLOW_HTTP": "false"},
            "builder error: URL scheme is not allowed; plain http to http://127.0.0.1:",
        ),
    ],
)  # fmt: skip
def test_what_a_store_refuses_is_said_in_its_own_words_with_what_to_do(store, url, more, words):
    with serving(account()) as service:
        with pytest.raises(ExportError) as caught:
            service.client.sync_call_history(url, FIRST, storage_options={**store, **more})
        assert service.requests == 0
    said = str(caught.value)
    assert said.startswith(f"{url} cannot be read or written: {words}")
    assert SECRET not in said
    assert "\x1b" not in said


ERROR = """Kernel error -> Generic {kind} error
          \x1b[31m↳\x1b[0m Error performing {request} in 1.8ms - Server returned non-2xx status code
           \x1b[31m↳\x1b[0m {status}
            \x1b[31m↳\x1b[0m {words}
"""


@pytest.mark.parametrize(
    ("url", "values", "words"),
    [
        (
            "s3://b/x",
            ("S3", "PUT http://169.254.169.254/latest/api/token", "403 Forbidden", "denied"),
            (
                "403 Forbidden: denied; no keys for the store were found: set AWS_ACCESS_KEY_ID "
                "and AWS_SECRET_ACCESS_KEY, or pass storage_options"
            ),
        ),
        (
            "gs://b/x",
            ("GCS", "GET http://metadata.google.internal/x", "404 Not Found", "nothing here"),
            (
                "404 Not Found: nothing here; no keys for the store were found: set "
                "GOOGLE_APPLICATION_CREDENTIALS, or pass storage_options"
            ),
        ),
        (
            "s3://b/x",
            (
                "S3", "GET https://s3.example/b?X-Amz-Signature=hidden", "403 Forbidden",
                "<Error><Code>InvalidAccessKeyId</Code><Message>No such key hidden.</Message>",
            ),
            (
                "No such key … (InvalidAccessKeyId); check AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, and what they allow"
            ),
        ),
    ],
)  # fmt: skip
def test_what_other_stores_say(url, values, words):
    text = ERROR.format(**dict(zip(("kind", "request", "status", "words"), values, strict=True)))
    assert fault(url, text, ["hidden"]) == words
