import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
CUDA = re.compile(r"nvidia-|cuda-|triton$")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def closure(names):
    """Names of all packages that an installation of `names` brings on this platform, without CUDA's."""
    found, queue = set(), [Requirement(name) for name in names]
    while queue:
        requirement = queue.pop()
        name = requirement.name.lower().replace("_", "-")
        if name in found or CUDA.match(name):
            continue
        found.add(name)
        try:
            needs = requires(name) or []
        except PackageNotFoundError as error:
            raise AssertionError(f"{name} is required but not installed") from error
        extras = [{"extra": extra} for extra in (*requirement.extras, "")]
        for need in map(Requirement, needs):
            if need.marker is None or any(need.marker.evaluate(extra) for extra in extras):
                queue.append(need)
    return found


def test_core_stays_small():
    assert len(closure(PROJECT["dependencies"])) <= 60


def test_every_lower_bound_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.findall(r'^  "[^"]+>=[^"]+",(.*)$', text.partition("docs = [")[0], flags=re.M)
    assert listed
    assert all("#" in reason for reason in listed)


def test_constraints_pin_versions_and_name_no_host():
    lines = (ROOT / "constraints.txt").read_text().split()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line) for line in lines)


def test_files_stay_small():
    lengths = sorted(len(path.read_text().splitlines()) for path in (ROOT / "src").rglob("*.py"))
    assert lengths[-1] <= 500
    assert lengths[len(lengths) // 2] < 180
