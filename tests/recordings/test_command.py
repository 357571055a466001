"""``voxframe download``."""

import json

import pytest

from tests.support.downloads import SMALL, check, data, downloading
from tests.support.emulator_caller import sign
from voxframe._cli.main import main
from voxframe.emulator import Fault, Files


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run it on a history that was written before; give status and what was printed."""

    def run(service, *options: str) -> tuple[int, str, str]:
        if not (tmp_path / "history").exists():
            service.history.to_parquet(tmp_path / "history")
        key = service.emulator.write_credentials(tmp_path / "key.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", service.emulator.base_url)
        monkeypatch.chdir(tmp_path)
        status = main(["download", "history", "--out", "files", *options])
        return status, *capsys.readouterr()

    return run


def test_it_downloads_and_says_what_is_there(command, tmp_path):
    with downloading(SMALL) as service:
        status, out, err = command(service)
        assert (status, err) == (0, "")
        assert out.startswith(f"files: {len(data(tmp_path / 'files'))} files, 0.5 MB")
        before = service.requests
        status, out, _ = command(service, "--json", "--what", "records", "--what", "logs")
        told = json.loads(out)
        assert (told["ok"], told["command"], told["out"]) == (True, "download", "files")
        assert told["files"] > 0 < told["bytes"]
        assert service.requests == before
        frame = service.run(tmp_path / "files")
        check(tmp_path / "files", frame, service, sign(service.emulator))


def test_what_could_not_be_fetched_is_one_line_and_a_status(command):
    with downloading(SMALL, Files(), Fault("gateway", at=(3, 4), status=403)) as service:
        status, out, err = command(service)
        assert (status, out) == (1, "")
        assert len(err.splitlines()) == 1
        assert "2 of 84 files could not be fetched (2 forbidden" in err
        assert "files/index.parquet" in err
        assert command(service)[0] == 0


def test_wrong_use(command, capsys):
    with downloading(SMALL) as service:
        status, _, err = command(service, "--timezone", "Mars")
        assert (status, "timezone" in err) == (2, True)
        with pytest.raises(SystemExit):
            command(service, "--what", "videos")
        assert "--what" in capsys.readouterr().err
        assert not service.requests
