"""A run directory is begun, gone on with, refused, and tidied."""

import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest

from landwright.errors import DataError, UsageError
from landwright.runs import Run
from landwright.runs.leases import Lease

FORK = multiprocessing.get_context("fork")


def test_a_run_is_opened_again(new_run, tmp_path):
    run = new_run()
    assert new_run().manifest == run.manifest
    assert Run.load(tmp_path / "map.run").blocks == run.blocks
    assert [block.name for block in run.blocks][:2] == ["r00000-c00000", "r00000-c00001"]
    assert run.state().left == tuple(block.name for block in run.blocks)


def test_other_settings_are_refused_and_nothing_changes(new_run):
    run = new_run()
    before = (run.folder / "manifest.json").read_bytes()
    with pytest.raises(UsageError, match=r"settings\.tile: 512 -> 256"):
        new_run(settings={"tile": 256, "blend": "cosine", "tta": {"flip": True}})
    assert (run.folder / "manifest.json").read_bytes() == before


def test_a_folder_of_something_else(tmp_path, new_run, manifest):
    (tmp_path / "map.run").mkdir()
    (tmp_path / "map.run" / ".DS_Store").touch()
    (tmp_path / "map.run" / "photo.tif").touch()
    with pytest.raises(DataError, match="something else"):
        new_run()
    (tmp_path / "map.run" / "photo.tif").unlink()
    assert new_run().blocks
    with pytest.raises(UsageError, match="is a file"):
        Run.open(tmp_path / "map.run" / "manifest.json", manifest())
    with pytest.raises(DataError, match="no run directory"):
        Run.load(tmp_path)


def _open_as_nobody(folder, manifest, found):
    os.setuid(65534)
    try:
        Run.open(Path(folder) / "map.run", manifest)
    except DataError as error:
        found.put((error.problem, error.remedy))


def test_a_read_only_folder(manifest):
    found = FORK.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        if os.geteuid() == 0:  # who may write everywhere
            process = FORK.Process(target=_open_as_nobody, args=(folder, manifest(), found))
            process.start()
            process.join()
        else:
            with pytest.raises(DataError) as refused:
                Run.open(Path(folder) / "map.run", manifest())
            found.put((refused.value.problem, refused.value.remedy))
    problem, remedy = found.get()
    assert problem == "cannot be written: Permission denied"
    assert "permissions" in remedy


def _open(folders, manifest, gate, found):
    for folder in folders:
        gate.wait()
        try:
            Run.open(folder, manifest)
            found.put((folder, str(manifest.settings["tile"])))
        except UsageError:
            found.put((folder, "refused"))


def test_of_several_that_begin_at_once_one_settings_hold(tmp_path, manifest):
    folders = [tmp_path / str(turn) for turn in range(5)]
    gate, found = FORK.Barrier(6), FORK.SimpleQueue()
    wanted = [manifest(settings={"tile": 256 + who % 2}) for who in range(6)]
    workers = [FORK.Process(target=_open, args=(folders, one, gate, found)) for one in wanted]
    for worker in workers:
        worker.start()
    told = [found.get() for _ in workers for _ in folders]
    for worker in workers:
        worker.join()
    for folder in folders:
        held = str(Run.load(folder).manifest.settings["tile"])
        assert sorted(what for where, what in told if where == folder) == [held] * 3 + ["refused"] * 3


def test_forgiven_blocks_get_new_numbers(new_run):
    run = new_run(1)
    block = run.blocks[0]
    for attempt in (1, 2):
        Lease.take(run.store, block, attempt, "a").end("failed", "why")
    run.store.create(f"poison/{block.name}.json", b'{"reason": "why"}')
    assert run.state().poison == {block.name: "why"}
    assert run.forgive() == [block.name]
    assert run.state().left == (block.name,)
    names = [name.removeprefix(f"leases/{block.name}.") for name in run.store.names("leases")]
    assert sorted(names) == ["1.json", "1.released.json", "2.json", "2.released.json"]
    assert run.forgive() == []


def test_a_torn_reason(new_run):
    run = new_run(1)
    run.store.create(f"poison/{run.blocks[0].name}.json", b"")
    assert run.poison() == {run.blocks[0].name: "unknown"}
    assert run.forgive() == [run.blocks[0].name]


def test_what_dead_workers_left_goes_at_the_end_and_not_before(new_run):
    run = new_run(2)
    for block in run.blocks[:3]:
        Lease.take(run.store, block, 1, "dead")
        run.results.begin(block.name, 1)
        (run.folder / "leases" / f".{block.name}.1.1234.json").touch()
    (run.folder / "blocks" / ".gone.1234").mkdir()
    (run.folder / ".manifest.json.1234").touch()
    (run.folder / ".mine").touch()
    before = sorted(run.folder.rglob("*"))
    run.tidy()
    assert sorted(run.folder.rglob("*")) == before
    for block in run.blocks[:3]:
        run.results.publish(block.name, 1, {})
    Lease.take(run.store, run.blocks[3], 1, "dead").end("failed", "why")
    run.store.create(f"poison/{run.blocks[3].name}.json", b'{"reason": "why"}')
    run.tidy()
    left = sorted(str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file())
    bad = run.blocks[3].name
    assert left == sorted(
        [".mine", "manifest.json", f"leases/{bad}.1.json", f"leases/{bad}.1.failed.json", f"poison/{bad}.json"]
        + [f"blocks/{block.name}/done.json" for block in run.blocks[:3]]
    )
    assert run.state().finished == tuple(block.name for block in run.blocks[:3])


def test_a_run_is_removed(new_run, monkeypatch):
    run = new_run(1)
    name = run.blocks[0].name
    run.results.begin(name, 1)
    run.results.publish(name, 1, {})
    run.store.create("products.json", b"{}")
    Lease.take(run.store, run.blocks[0], 1, "dead")

    def killed(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("landwright.runs.remove.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            run.remove()
    assert new_run(1).state().left == (name,)  # whatever is left of the block, it does not count
    new_run(1).remove()
    assert not run.folder.exists()
    with pytest.raises(DataError, match="cannot be removed"):
        run.remove()
