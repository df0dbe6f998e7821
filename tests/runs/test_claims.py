"""Which block a worker takes, on clocks that the tests turn."""

import pytest

from landwright.runs.claims import Claims, Terms
from landwright.runs.leases import lease_name

TERMS = Terms(lease_seconds=64, retries=1, losses=2)


@pytest.fixture
def worker(new_run):
    """Return a function that makes a worker's view of a run of 2 x 2 blocks, or of its first ones."""
    run = new_run(2)

    def make(name="a", terms=TERMS, first=4):
        view = Claims(run.store, run.results, run.blocks[:first], worker=name, terms=terms, seed=0)
        view.run = run
        view.look(now=0)
        return view

    return make


def finish(view, lease):
    view.run.results.begin(lease.block.name, lease.attempt)
    assert view.run.results.publish(lease.block.name, lease.attempt, {})
    view.clear(lease)


def watch(view, seconds, start=0):
    """Look so often that all the seconds count."""
    for now in range(start, start + seconds + 1, 16):
        view.look(now)


def test_one_worker_takes_every_block_once(worker):
    view, names = worker(), []
    while (name := view.choose()) is not None:
        lease = view.take(name)
        names.append(name)
        finish(view, lease)
    view.look(1)
    assert view.left == 0
    assert sorted(names) == [block.name for block in view.run.blocks]
    assert view.run.store.names("leases") == {}


def test_blocks_are_taken_one_after_another_from_a_random_place(worker):
    view = worker()
    names = [block.name for block in view.run.blocks]
    taken = [view.choose() for _ in names]
    start = names.index(taken[0])
    assert taken == names[start:] + names[:start]


def test_a_block_that_is_taken_is_left_alone(worker):
    first, second = worker("a"), worker("b")
    name = first.choose()
    assert first.take(name)
    assert second.take(name) is None
    second.look(1)
    assert second.left == 4
    assert sorted([second.choose(), second.choose(), second.choose(), name]) == [
        block.name for block in first.run.blocks
    ]
    assert second.choose() is None and second.must_wait


def test_a_view_from_before_the_block_was_finished(worker):
    """The lease is gone by then, so that it can be had; the block is not begun again."""
    first, second = worker("a", first=1), worker("b", first=1)
    finish(first, first.take(first.choose()))
    assert second.take(second.choose()) is None
    assert second.run.store.names("leases") == {}


def test_a_silent_worker_is_taken_for_dead_after_its_time(worker):
    dead, view = worker("a", first=1), worker("b", first=1)
    lease = dead.take(dead.choose())
    watch(view, 48)
    assert view.choose() is None
    view.look(64)
    assert view.choose() == lease.block.name


def test_a_worker_that_beats_is_never_taken_for_dead(worker):
    alive, view = worker("a", first=1), worker("b", first=1)
    lease = alive.take(alive.choose())
    for now in range(0, 2000, 20):
        lease.beat()
        view.look(now)
        assert view.choose() is None


def test_an_observer_that_was_stopped_looks_again_first(worker):
    alive, view = worker("a", first=1), worker("b", first=1)
    alive.take(alive.choose())
    view.look(1)
    view.look(100_000)
    assert view.choose() is None


def test_who_takes_over_shuts_the_late_one_out(worker):
    late, view = worker("a", first=1), worker("b", first=1)
    old = late.take(late.choose())
    folder = late.run.results.begin(old.block.name, 1)
    watch(view, 64)
    new = view.take(view.choose())
    assert new.attempt == 2
    assert old.is_lost() and not new.is_lost()
    assert folder.is_file()
    assert not late.run.results.publish(old.block.name, 1, {})
    finish(view, new)
    assert view.run.store.names("leases") == {}


def test_the_late_one_published_just_before(worker):
    late, view = worker("a", first=1), worker("b", first=1)
    old = late.take(late.choose())
    late.run.results.begin(old.block.name, 1)
    watch(view, 64)
    assert late.run.results.publish(old.block.name, 1, {})
    assert view.take(view.choose()) is None
    assert view.run.store.names("leases") == {}
    view.look(65)
    assert view.left == 0


def test_of_two_observers_one_takes_over(worker):
    dead = worker("a", first=1)
    dead.take(dead.choose())
    views = [worker("b", first=1), worker("c", first=1)]
    for view in views:
        watch(view, 64)
    assert [view.take(view.choose()) is not None for view in views] == [True, False]


def test_only_one_orphan_is_taken_by_a_look(worker):
    """By the time that its block is done, the others may have woken up."""
    dead = worker("a")
    for _ in range(4):
        dead.take(dead.choose())
    view = worker("b")
    watch(view, 64)
    assert view.take(view.choose())
    assert view.choose() is None
    view.look(70)
    assert view.choose() is not None


def test_a_block_that_was_given_back_is_free_at_once(worker):
    view = worker("a", first=1)
    view.take(view.choose()).end("released", "Ctrl-C")
    view.look(1)
    lease = view.take(view.choose())
    assert lease.attempt == 2


def test_a_block_that_failed_rests_and_is_set_aside_after_its_retries(worker):
    view = worker("a", first=1, terms=Terms(lease_seconds=64, retries=2))
    assert not view.fail(view.take(view.choose()), "first")
    for seconds in (8, 16):
        view.look(1000)
        assert view.choose() is None
        watch(view, seconds - 1, start=1000)
        assert view.choose() is None
        view.look(1000 + seconds)
        last = view.fail(view.take(view.choose()), f"after {seconds}")
        assert last == (seconds == 16)
    view.look(2000)
    assert view.left == 0
    assert view.run.poison() == {view.run.blocks[0].name: "after 16"}


def test_losses_set_a_block_aside_as_well(worker):
    name = None
    for number in range(4):
        view = worker(f"w{number}", first=1)
        watch(view, 64)
        name = view.choose()
        assert (view.take(name) is not None) == (number < 3)
    assert "3 workers vanished over it" in view.run.poison()[name]
    view.look(100)
    assert view.left == 0


def test_who_saw_the_last_failure_may_die_over_it(worker):
    view = worker("a", first=1)
    view.fail(view.take(view.choose()), "first")
    watch(view, 16)
    view.take(view.choose()).end("failed", "second")
    watch(view, 64, start=100)
    assert view.take(view.choose()) is None
    assert view.run.poison() == {view.run.blocks[0].name: "second"}


def test_the_reason_of_the_last_failure_may_be_torn(worker):
    view = worker("a", first=1, terms=Terms(64, retries=0))
    lease = view.take(view.choose())
    lease.end("failed", "first")
    view.run.store.write(lease_name(lease.block.name, 1, "failed"), b"")
    watch(view, 64)
    assert view.take(view.choose()) is None
    assert view.run.poison() == {lease.block.name: "it failed too often"}


def test_waits_grow_up_to_half_a_lease_and_start_again_after_a_success(worker):
    view = worker("a", first=1)
    waits = [view.patience() for _ in range(20)]
    assert 0.75 <= waits[0] <= 1.25
    assert all(48 <= wait <= 80 for wait in waits[8:])
    view.take(view.choose())
    assert view.patience() <= 1.25


def test_who_is_late_again_and_again_looks_and_then_waits(worker):
    view = worker("a")
    for must_wait in (False, True):
        for left in (True, True, False):
            name = view.choose()
            view.run.store.create(lease_name(name, 1), b"")
            assert view.take(name) is None
            assert bool(view._ready) == left
        for name in view.run.store.names("leases"):  # the listing lags behind
            view.run.store.delete(name)
        view.look(1)
        assert view.must_wait == must_wait


def test_few_blocks_are_asked_for_one_by_one(worker, monkeypatch):
    """An object store lists 1000 names per request."""
    view, other = worker("a"), worker("b")
    name = other.choose()
    other_lease = other.take(name)
    view.look(1)
    finish(other, other_lease)
    for _ in range(3):
        other.take(other.choose())
    monkeypatch.setattr(view.run.results, "finished", None)
    view.look(2)
    assert view.left == 3 and view.choose() is None
