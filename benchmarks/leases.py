"""How the traffic of leases grows with workers and blocks: a simulation without a model.

    python benchmarks/leases.py [--cases 10x1000 1000x10000 ...] [--seconds 120] [--lease 60] [--seed 0]

All workers run in one process on a simulated clock, with the code that real ones run (`landwright.runs.claims`), over a
store in memory that stands for an object store: every operation takes 10 to 50 ms, a listing 1000 names per request.
Work on a block takes `--seconds`, half as long to twice as long. The monotonic clock of each worker starts anywhere and
runs up to a thousandth too fast or too slow. Of all attempts 1 in 100 ends with the death of its worker, half of them
right before it would publish; a new worker takes its place. 1 in 200 sleeps for five leases and then tries to publish,
1 in 200 fails.

Requests per block are those of the block itself (lease, check that it is not finished, check that the lease is not
lost, publication, removal of the lease), renewals, looks (listings to find work) and others: leases that another worker
was first to take, and what follows on deaths and failures. An idle worker is one that waits for the blocks of others.
A block lost or done twice ends the program with an error.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from landwright.runs.blocks import cut
from landwright.runs.claims import Claims, Terms
from landwright.runs.leases import Lease

PAGE = 1000
"""Names per request of a listing."""

DEATHS, SLEEPS, FAILURES = 0.01, 0.005, 0.005


def _folder(name: str) -> str:
    return name.partition("/")[0]


class MemoryStore:
    """Documents in memory, and how often they were asked for."""

    def __init__(self) -> None:
        self.documents: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        self.stamps: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.requests: Counter[str] = Counter()
        self._writes = 0

    def create(self, name: str, data: bytes) -> bool:
        folder = _folder(name)
        made = name not in self.documents[folder]
        self.requests[f"create {folder}" if made else "create refused"] += 1
        if made:
            self._put(folder, name, data)
        return made

    def write(self, name: str, data: bytes) -> None:
        self.requests["write"] += 1
        self._put(_folder(name), name, data)

    def read(self, name: str) -> bytes | None:
        self.requests["read"] += 1
        return self.documents[_folder(name)].get(name)

    def names(self, folder: str) -> dict[str, str]:
        found = self.stamps[folder]
        self.requests["list"] += 1 + len(found) // PAGE
        return found.copy()

    def delete(self, name: str) -> None:
        self.requests["delete"] += 1
        for kept in (self.documents, self.stamps):
            kept[_folder(name)].pop(name, None)

    def _put(self, folder: str, name: str, data: bytes) -> None:
        self._writes += 1
        self.documents[folder][name], self.stamps[folder][name] = data, str(self._writes)


class MemoryResults:
    """Finished blocks as documents: who creates that of a block has finished it."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._finished: set[str] = set()
        self.published: Counter[str] = Counter()

    def finished(self) -> set[str]:
        self._store.requests["list"] += 1 + len(self._finished) // PAGE
        return self._finished

    def is_finished(self, block: str) -> bool:
        self._store.requests["read"] += 1
        return block in self._finished

    def revoke(self, block: str, attempt: int) -> None:
        self._store.create(f"revoked/{block}.{attempt}.json", b"")

    def publish(self, block: str, attempt: int) -> bool:
        if f"revoked/{block}.{attempt}.json" in self._store.documents["revoked"]:
            return False
        if not self._store.create(f"done/{block}.json", b""):
            return False
        self._finished.add(block)
        self.published[block] += 1
        return True


@dataclass
class World:
    """What all workers share.

    Attributes:
        work: Seconds that a block takes.
        now: The true time, which no worker knows.
        idle_seconds: What all workers together waited for work.
    """

    terms: Terms
    work: float
    rng: random.Random
    store: MemoryStore = field(default_factory=MemoryStore)
    counts: Counter[str] = field(default_factory=Counter)
    now: float = 0.0
    idle_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.results = MemoryResults(self.store)

    def latency(self) -> float:
        return self.rng.uniform(0.01, 0.05)


def life(world: World, view: Claims) -> Iterator[float]:
    """One worker: the seconds until it does its next step; it ends with its death or with the work."""
    offset, rate = world.rng.uniform(-1e6, 1e6), world.rng.uniform(0.999, 1.001)
    while True:
        while (name := view.choose()) is not None:
            yield world.latency()
            lease = view.take(name)
            yield world.latency()
            if lease is None:
                continue
            yield from attempt(world, view, lease)
            yield world.latency()
        before = world.store.requests.total()
        view.look(offset + world.now * rate)
        if not view.left:
            world.counts["left"] += 1
            return
        if view.must_wait:
            wait = view.patience()
            world.idle_seconds += wait
            world.counts["idle requests"] += world.store.requests.total() - before
            yield wait


def attempt(world: World, view: Claims, lease: Lease) -> Iterator[float]:
    """One attempt at one block."""
    fate, length = world.rng.random(), world.work * world.rng.uniform(0.5, 2)
    beats = world.terms.lease_seconds / 3
    world.counts["attempts"] += 1
    death = world.rng.uniform(0, length) if fate < DEATHS / 2 else length if fate < DEATHS else None
    for _ in range(int((length if death is None else death) / beats)):
        yield beats
        lease.beat()
    if death is not None:
        world.counts["deaths"] += 1
        raise Death
    yield length % beats
    if fate < DEATHS + SLEEPS:
        world.counts["sleeps"] += 1
        yield 5 * world.terms.lease_seconds
    if fate > 1 - FAILURES:
        world.counts["failures"] += 1
        view.fail(lease, "by chance")
        return
    if lease.is_lost():
        world.counts["late"] += 1
        return
    yield world.latency()
    if world.results.publish(lease.block.name, lease.attempt):
        view.clear(lease)
    else:
        world.counts["late"] += 1


class Death(Exception):
    """The worker is gone."""


def simulate(workers: int, blocks: int, *, work: float, lease: float, seed: int) -> World:
    """Run until all workers that live have left."""
    rng = random.Random(seed)
    world = World(Terms(lease), work, rng)
    all_blocks = cut(1, blocks, 1)
    queue: list[tuple[float, int, Iterator[float]]] = []

    def join(number: int, when: float) -> None:
        view = Claims(
            world.store, world.results, all_blocks, worker=f"w{number}", terms=world.terms, seed=rng.randrange(2**32)
        )
        heapq.heappush(queue, (when, number, life(world, view)))

    for number in range(workers):
        join(number, rng.uniform(0, 1))
    joined = workers
    while queue:
        world.now, number, worker = heapq.heappop(queue)
        try:
            heapq.heappush(queue, (world.now + next(worker), number, worker))
        except StopIteration:
            pass
        except Death:
            join(joined, world.now + lease)
            joined += 1
    poison = world.store.documents["poison"]
    names = {block.name for block in all_blocks}
    lost = names - set(world.results.published) - {name.split("/")[1].removesuffix(".json") for name in poison}
    twice = [name for name, times in world.results.published.items() if times > 1]
    if lost or twice:
        raise SystemExit(f"{len(lost)} blocks lost, {len(twice)} done twice")
    world.counts["poison"] = len(poison)
    return world


def row(workers: int, blocks: int, world: World) -> str:
    requests, count = world.store.requests, world.counts
    itself = requests["create done"] * 5  # lease, check that it is not done, not lost, publication, removal
    looks, beats = requests["list"], requests["write"]
    total = sum(requests.values())
    per = [f"{value / blocks:.1f}" for value in (itself, beats, looks, total - itself - looks - beats, total)]
    rate = f"{total / world.now:.1f}"
    idle = f"{60 * count['idle requests'] / world.idle_seconds:.1f}" if world.idle_seconds else "-"
    faults = [str(count[name]) for name in ("deaths", "sleeps", "failures", "late", "poison")]
    best = f"{blocks * 1.25 * world.work / min(workers, blocks) / world.now:.2f}"
    return "| " + " | ".join([str(workers), str(blocks), *per, idle, rate, best, *faults]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = ["1x1000", "10x1000", "100x1000", "1000x1000", "1x10000", "10x10000", "100x10000", "1000x10000"]
    parser.add_argument("--cases", nargs="+", default=default, help="workers x blocks")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--lease", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print("| workers | blocks | itself | renewals | looks | others | requests per block | per idle minute ", end="")
    print("| requests per second | speed | deaths | sleeps | failures | too late | set aside |")
    print("|" + "---|" * 15)
    for case in given.cases:
        workers, blocks = map(int, case.split("x"))
        world = simulate(workers, blocks, work=given.seconds, lease=given.lease, seed=given.seed)
        print(row(workers, blocks, world), flush=True)


if __name__ == "__main__":
    main()
