import json
from importlib.metadata import PackageNotFoundError, version

import pytest
import typer
from typer.testing import CliRunner

from landwright.cli import checks
from landwright.cli.doctor import doctor

app = typer.Typer()
app.command()(doctor)


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def by_part(result):
    return {check["part"]: check for check in json.loads(result.output)["checks"]}


def test_this_installation_is_fine():
    result = run()
    assert result.exit_code == 0, result.output
    for piece in ("python", "torch", "GDAL", "writing a COG", "disk", "Everything that is needed is here"):
        assert piece in result.output


def test_json():
    result = run("--json")
    assert len(result.output.splitlines()) == 1
    found = by_part(result)
    assert found["torch"]["found"] == version("torch")
    assert found["writing a COG"]["state"] == "ok"
    assert found["CPU"]["state"] == "ok"
    assert {"extra train", "extra vector"} <= set(found)
    assert not any(part in found for part in ("extra dev", "extra docs", "extra all"))


def lacking(*names):
    def lookup(name):
        if name in names:
            raise PackageNotFoundError(name)
        return version(name)

    return lookup


def test_a_missing_package_fails(monkeypatch):
    monkeypatch.setattr(checks, "version", lacking("timm"))
    result = run("--json")
    assert result.exit_code == 3
    assert by_part(result)["timm"]["remedy"].startswith("pip install 'timm")
    assert "1 of" in run().output


def test_a_package_that_is_too_old_fails(monkeypatch):
    monkeypatch.setattr(checks, "version", lambda name: "0.1" if name == "rasterio" else version(name))
    result = run("--json")
    assert result.exit_code == 3
    assert "needed is >=1.4.3" in by_part(result)["rasterio"]["found"]


def test_a_missing_extra_is_only_a_note(monkeypatch):
    monkeypatch.setattr(checks, "version", lacking("lightning"))
    result = run("--json")
    assert result.exit_code == 0
    assert by_part(result)["extra train"]["state"] == "note"
    assert "landwright[train]" in by_part(result)["extra train"]["remedy"]


def test_a_missing_driver_fails(monkeypatch):
    monkeypatch.setitem(checks.DRIVERS, "NoSuchDriver", "testing")
    result = run("--json")
    assert result.exit_code == 3
    assert "NoSuchDriver (testing)" in by_part(result)["GDAL"]["found"]


def test_a_writer_that_spoils_maps_fails(monkeypatch):
    import rasterio

    def spoil(path, codes, **_):
        with rasterio.open(path, "w", driver="GTiff", width=1024, height=1024, count=1, dtype="uint8") as dataset:
            dataset.write(codes + 1, 1)

    monkeypatch.setattr("landwright.rasters.write_cog", spoil)
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        (check,) = checks.writing()
    assert check.state == "failed"
    for fault in ("not what was written", "reference system is lost", "not a COG", "no overviews"):
        assert fault in check.found


def test_a_check_that_breaks_is_reported_and_the_others_run(monkeypatch):
    def broken():
        raise ImportError("libfoo.so: cannot open shared object file")

    monkeypatch.setitem(checks.CHECKS, "devices", broken)
    result = run("--json")
    assert result.exit_code == 3
    found = by_part(result)
    assert "libfoo.so" in found["devices"]["found"]
    assert found["GDAL"]["state"] == "ok"


def test_a_gpu_is_named(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda index: (2**30, 2**31))
    monkeypatch.setattr("torch.cuda.get_device_name", lambda index: "Test GPU")
    assert checks.devices()[1].found == "cuda:0 Test GPU, 1.0 of 2.0 GiB free"


def test_little_disk_is_a_note(monkeypatch):
    monkeypatch.setattr(checks, "LITTLE_DISK", 2**60)
    assert {check.state for check in checks.disk()} == {"note"}
