"""Actors of a real Ray on this machine, killed for real."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from landwright.engine.executors import ExecutorOptions, ray_actors, ray_session, rays, run_local, run_ray
from landwright.engine.executors.ray_actors import Puller, Task
from landwright.engine.executors.ray_bundle import pack, unpacked
from landwright.errors import DataError, UsageError
from landwright.runs import Run

ray = pytest.importorskip("ray", reason="Ray is not installed")

HERE = str(Path(__file__).parent)


@pytest.fixture(scope="module")
def cluster():
    """Two CPUs; the folder's name is short, since sockets lie in it."""
    folder = tempfile.mkdtemp(prefix="lw", dir="/tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", HERE)  # actors find the fake job
        begin(folder)
    yield
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


def begin(folder):
    ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=100_000_000,
        include_dashboard=False,
        log_to_driver=False,
        _temp_dir=folder,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
class TestActors:
    def test_all_blocks(self, new_run, new_job, check, until, tmp_path):
        """With a model on this machine, and processes that read."""
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "card.yaml").write_text("card")
        (tmp_path / "model" / "empty.txt").touch()
        before = set(Path(tempfile.gettempdir()).glob("landwright-*"))
        run, job, told = new_run(), new_job(bundle=str(tmp_path / "model"), pause=0.1), []
        outcome = run_ray(run, job, readers=True, progress=lambda *pixels: told.append(pixels))
        assert (outcome.made, outcome.deaths) == (9, 0) and told[-1] == (900, 900)
        opened = job.seen("open")
        assert os.getpid() not in dict(opened) and {device for _, device in opened} == {"cpu"}
        assert 1 <= len(opened) <= 2
        assert {text for _, text in job.seen("bundle")} == {"card.yaml=card empty.txt="}
        readers = {pid for pid, _ in job.seen("read")}
        assert readers and readers.isdisjoint(dict(opened)) and len(job.seen("work")) == 9
        # Other tests may have folders of their own there for a while.
        until(lambda: set(Path(tempfile.gettempdir()).glob("landwright-*")) <= before)
        check(run)
        assert ray.is_initialized()

    def test_an_actor_that_dies_is_replaced_and_its_block_taken_at_once(self, new_run, new_job, check):
        run, job = new_run(), new_job(fault="die once")
        outcome = run_ray(run, job, ExecutorOptions(workers=1, lease_seconds=3600))
        assert (outcome.made, outcome.deaths) == (9, 1)
        assert len(job.seen("work")) == 10
        released = [event.reason for event in run.journal.read() if event.event == "released"]
        assert len(released) == 1 and "Actor" in released[0]
        check(run)

    def test_an_error_of_an_actor_is_that_of_the_command(self, new_run, new_job):
        job = new_job(fault="usage")
        with pytest.raises(UsageError, match=r"a\.tif: no such band\. Use --bands") as found:
            run_ray(new_run(), job, ExecutorOptions(workers=1))
        assert type(found.value) is UsageError

    def test_more_workers_than_there_is_room_for(self, new_run, new_job, check, tmp_path, monkeypatch):
        """With relative paths, from another folder than the one that Ray was started in."""
        monkeypatch.chdir(tmp_path)
        folder, job = new_run().folder.relative_to(tmp_path), replace(new_job(), traces=Path("traces"))
        run = Run.load(folder)
        assert run_ray(run, job, ExecutorOptions(workers=3), readers=True).made == 9
        check(run)

    def test_what_is_not_there(self, new_run, new_job, fakejob, tmp_path):
        with pytest.raises(UsageError, match="the Ray cluster has no GPU"):
            run_ray(new_run(), new_job(options=fakejob.Options("cuda")))
        with pytest.raises(DataError, match="is not a model bundle"):
            run_ray(new_run(), new_job(bundle=str(tmp_path)))


DRIVER = """
from pathlib import Path
import ray
from fakejob import FakeJob
from landwright.engine.executors import ExecutorOptions, run_ray
from landwright.runs import Run
ray.init(
    address="local", num_cpus=2, object_store_memory=100_000_000, include_dashboard=False, log_to_driver=False,
    _temp_dir={temporary!r},
)
job = FakeJob(Path({traces!r}), fault="hang")
run_ray(Run.load(Path({folder!r})), job, ExecutorOptions(lease_seconds=3600))
"""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_actors_end_with_the_driver(new_run, new_job, check, until, tmp_path, number):
    run, job = new_run(), new_job()
    temporary = tempfile.mkdtemp(prefix="lw", dir="/tmp")
    script = tmp_path / "driver.py"
    script.write_text(DRIVER.format(traces=str(job.traces), folder=str(run.folder), temporary=temporary))
    environment = os.environ | {"PYTHONPATH": HERE}
    driver = subprocess.Popen([sys.executable, str(script)], start_new_session=True, env=environment)
    try:
        until(lambda: len(job.seen("work")) == 2)
        os.kill(driver.pid, number)
        assert driver.wait(60) == (-number if number == signal.SIGKILL else 143)
        until(lambda: not any(is_alive(pid) for pid, _ in job.seen("work")), 60)
    finally:
        if driver.poll() is None:
            os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()
        until(lambda: not any(temporary in line for line in commands()), 60)
        shutil.rmtree(temporary, ignore_errors=True)
    seconds = 0.5 if number == signal.SIGKILL else 3600
    assert run_local(run, job.again(), ExecutorOptions(lease_seconds=seconds)).made == 9
    assert len(job.seen("work")) == 11
    check(run)


def commands():
    """Command lines of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_text().replace("\0", " ")
        except OSError:
            continue


def test_without_ray(new_run, new_job, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"Install landwright\[ray\]"):
        run_ray(new_run(), new_job())


def test_a_session_of_our_own(monkeypatch):
    asked = []

    def start(**settings):
        asked.append((settings, os.environ.get("RAY_USAGE_STATS_ENABLED")))

    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", start)
    monkeypatch.setattr(ray, "shutdown", lambda: asked.append("shutdown"))
    for address in (None, "ray://head:10001"):
        with ray_session.session(address) as found:
            assert found is ray
    assert [item[0]["address"] for item in asked[::2]] == [None, "ray://head:10001"]
    assert asked[0][0]["include_dashboard"] is False and "include_dashboard" not in asked[2][0]
    assert asked[0][1] == "0" and "RAY_USAGE_STATS_ENABLED" not in os.environ
    assert asked[1::2] == ["shutdown", "shutdown"]


def test_a_worker_with_more_threads_than_a_machine_has_cpus():
    dead, small = {"Alive": False, "Resources": {"CPU": 64.0}}, {"Alive": True, "Resources": {"CPU": 2.0}}
    cluster = SimpleNamespace(nodes=lambda: [dead, small])
    rays._check_room(cluster, 2)
    with pytest.raises(UsageError, match="Set OMP_NUM_THREADS=2"):
        rays._check_room(cluster, 3)


@pytest.mark.parametrize(
    ("device", "resources", "found"),
    [
        ("auto", {"CPU": 2.0}, "cpu"),
        ("auto", {"CPU": 2.0, "GPU": 1.0}, "cuda"),
        ("cuda:3", {"GPU": 1.0}, "cuda"),
        ("cpu", {"GPU": 1.0}, "cpu"),
    ],
)
def test_the_device_of_all_actors(device, resources, found):
    assert rays._device(device, resources) == found


class Store:
    """What actors use of Ray, in this process."""

    def put(self, value):
        return value.copy()

    def get(self, reference):
        return reference


def test_a_model_travels(new_job, tmp_path):
    bundle = tmp_path / "train" / "bundle"
    (bundle / "deep").mkdir(parents=True)
    for name in ("card.yaml", "deep/weights.safetensors"):
        (bundle / name).write_text(name)
    job = new_job()
    parcel = pack(Store(), str(tmp_path / "train"))
    with unpacked(Store(), parcel, job) as changed:
        folder = Path(changed.bundle)
        assert folder != bundle
        names = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
        assert names == {name: name for name in ("card.yaml", "deep/weights.safetensors")}
    assert not folder.exists()
    (tmp_path / "a.onnx").write_text("network")
    with unpacked(Store(), pack(Store(), str(tmp_path / "a.onnx")), job) as changed:
        assert Path(changed.bundle).name == "a.onnx" and Path(changed.bundle).read_text() == "network"
    assert pack(Store(), "owner/model") is None and pack(Store(), object()) is None
    with unpacked(Store(), None, job) as same:
        assert same is job


@pytest.mark.parametrize("reads", [False, True])
def test_what_an_actor_does(new_run, new_job, check, monkeypatch, fakejob, reads):
    """In this process."""
    source = SimpleNamespace(until=0, shape=(30, 30), read_with_valid=fakejob.FakeSource(new_job()).read_with_valid)
    monkeypatch.setattr(ray_actors, "_source", lambda ray, task, parcel: source)
    run, job = new_run(), new_job()
    assert Puller().pull(Task(run, job, ExecutorOptions().pulling, 1, reads, Path.cwd()), None, "me") is None
    assert bool(job.seen("read")) is reads and source.until in ((10, 20, 30) if reads else (0,))
    check(run)
    error = Puller().pull(Task(run, new_job(fault="no model"), {}, 1, False, Path.cwd()), None, "me")
    assert isinstance(error, DataError) and "no such folder" in str(error)
    error = Puller().pull(Task(run, job, {}, 1, False, Path("not here")), None, "me")
    assert isinstance(error, DataError) and "not here: cannot be read" in str(error)


@pytest.mark.parametrize(("address", "words"), [("head:6379", "no Ray cluster answers at head"), (None, "not start")])
def test_no_cluster(monkeypatch, address, words):
    def fail(**settings):
        raise ConnectionError("nobody there")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", fail)
    with pytest.raises(UsageError, match=words), ray_session.session(address):
        pass
