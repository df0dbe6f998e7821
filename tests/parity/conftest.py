"""The parity harness: stored outputs of published code against ours, for networks filled by official names.

A test module per system asks for ``parity("<folder>")``, builds its network, loads ``weights(...)`` through its own
renaming, and hands the tensors of a case to ``check``, which compares every tensor that the case stores.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn


def sliced(values: np.ndarray, words: str) -> np.ndarray:
    """Sample a full array by the slice that ends the manifest's words for it, such as ``... [:, ::8, ::16]``."""
    steps = [step.strip() for step in words[words.rindex("[") + 1 : words.rindex("]")].split(",")]
    index = tuple(
        ... if step == "..." else slice(*(int(part) if part else None for part in step.split(":"))) for step in steps
    )
    return values[index]


def thin(values: np.ndarray, rule: int | list[int] | Mapping[str, int]) -> np.ndarray:
    """Sample a full array as its manifest says: flat stride, one step per axis, or steps of named axes."""
    if isinstance(rule, int):
        return values.reshape(-1)[::rule]
    steps = rule if isinstance(rule, list) else [int(rule.get(str(axis), 1)) for axis in range(values.ndim)]
    return values[tuple(slice(None, None, step) for step in steps)]


@contextmanager
def recorded(network: nn.Module, paths: Mapping[str, str]) -> Iterator[dict[str, list[Tensor]]]:
    """Collect what named submodules return while the block runs; ``path<`` collects their first input instead."""
    seen: dict[str, list[Tensor]] = {name: [] for name in paths}

    def listen(name: str, take_input: bool) -> Callable[..., None]:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen[name].append((inputs[0] if take_input else output).detach())

        return hook

    handles = [
        network.get_submodule(path.removesuffix("<")).register_forward_hook(listen(name, path.endswith("<")))
        for name, path in paths.items()
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@dataclass(frozen=True)
class Parity:
    """The stored cases of one published system."""

    folder: Path
    fill: ModuleType

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.folder / "manifest.json").read_text())

    @cached_property
    def losses(self) -> dict[str, Any]:
        return json.loads((self.folder / "losses.json").read_text())

    def case(self, file: str) -> dict[str, Any]:
        return next(case for case in self.manifest["cases"] if case["file"] == f"{file}.npz")

    def arrays(self, file: str) -> dict[str, np.ndarray]:
        with np.load(self.folder / f"{file}.npz") as stored:
            return dict(stored)

    def image(self, seed: int, shape: list[int]) -> Tensor:
        return torch.from_numpy(self.fill.image(seed, tuple(shape)))

    def values(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Draw a tensor by the plain rule; position tables larger where the manifest has a rule for them."""
        values = self.fill.values(name, shape)
        fill = self.manifest.get("fill")
        rules = fill["extra_rules"] if isinstance(fill, dict) else ()
        if any(rule["name"] == name for rule in rules):
            values = (values.astype(np.float64) * 0.5 * np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        return values

    def weights(self, entries: Mapping[str, Any] | None = None) -> dict[str, Tensor]:
        """Return an official state dict: every floating tensor by its name, counters at zero, fixed tables left out."""
        entries = self.manifest["state_dict"] if entries is None else entries
        kept = set(self.manifest.get("kept", ()))
        return {
            name: torch.from_numpy(self.values(name, tuple(shape)))
            if dtype.startswith("float")
            else torch.zeros(shape, dtype=getattr(torch, dtype))
            for name, (dtype, shape) in entries.items()
            if name not in kept
        }

    @cached_property
    def _drawn(self) -> dict[tuple[Any, ...], Tensor]:
        return {}

    def shared(self, entries: Mapping[str, Any] | None = None) -> dict[str, Tensor]:
        """Return what :meth:`weights` does; a tensor of a name and shape is drawn once, for all who read this object.

        Drawing takes longer than most networks do. Nothing may change the tensors.
        """
        entries = self.manifest["state_dict"] if entries is None else entries
        new = {name: entry for name, entry in entries.items() if (name, *entry[1]) not in self._drawn}
        self._drawn.update({(name, *tensor.shape): tensor for name, tensor in self.weights(new).items()})
        keys = {name: (name, *shape) for name, (_, shape) in entries.items()}
        return {name: self._drawn[key] for name, key in keys.items() if key in self._drawn}

    def check(
        self,
        file: str,
        tensors: Mapping[str, Tensor],
        tolerance: Callable[[str], float],
        absent: set[str] | None = None,
    ) -> None:
        """Compare every stored tensor: its sample, and mean and deviation per channel of the whole.

        Args:
            file: Name of the case.
            tensors: Ours, by the manifest's names.
            tolerance: Largest absolute difference allowed for a name.
            absent: Names that this system rightly does not compute.
        """
        case, stored = self.case(file), self.arrays(file)
        assert set(case["tensors"]) - set(tensors) == (absent or set())
        for name, entry in case["tensors"].items():
            if name in (absent or ()):
                continue
            ours = tensors[name].detach().numpy()
            assert list(ours.shape) == entry["shape"], name
            allowed = tolerance(name)
            difference = np.abs(thin(ours, entry["flat_stride"]) - stored[f"{name}__sample"]).max()
            assert difference <= allowed, f"{name} differs by {difference:.2e}, allowed {allowed:.0e}"
            channel = 1 if ours.ndim == 4 else ours.ndim - 1
            others = tuple(axis for axis in range(ours.ndim) if axis != channel)
            wide = ours.astype(np.float64)
            np.testing.assert_allclose(wide.mean(others), stored[f"{name}__chmean"], atol=allowed, err_msg=name)
            np.testing.assert_allclose(wide.std(others), stored[f"{name}__chstd"], atol=allowed, err_msg=name)

    def check_slices(self, file: str, tensors: Mapping[str, Tensor], tolerance: float) -> None:
        """Compare every stored tensor whose sample the manifest gives as a slice, and all statistics of the whole.

        Args:
            file: Name of the case.
            tensors: Ours, by the manifest's names.
            tolerance: Largest absolute difference allowed, of samples and statistics.
        """
        case, stored = self.case(file), self.arrays(file)
        assert set(case["arrays"]) == set(tensors)
        left = set(stored)
        for name, words in case["arrays"].items():
            wide = tensors[name].detach().numpy().astype(np.float64)
            others = tuple(axis for axis in range(wide.ndim) if axis != 1)
            measured = {name: sliced(wide, words)}
            if f"{name}_mean" in stored:
                measured |= {f"{name}_mean": wide.mean(others), f"{name}_std": wide.std(others)}
            if f"{name}_meanstd" in stored:
                measured[f"{name}_meanstd"] = np.array([wide.mean(), wide.std()])
            for key, values in measured.items():
                assert values.shape == stored[key].shape, key
                difference = float(np.abs(values - stored[key]).max())
                assert difference <= tolerance, f"{key} differs by {difference:.2e}, allowed {tolerance:.0e}"
            left -= set(measured)
            for histogram in [key for key in left if key == f"{name.removesuffix('_prob')}_argmax_hist"]:
                counts = [np.bincount(best.reshape(-1), minlength=wide.shape[1]) for best in wide.argmax(1)]
                moved = np.abs(np.array(counts) - stored[histogram]).sum() / 2
                assert moved <= 1e-3 * wide[:, 0].size, histogram
                left.discard(histogram)
        assert not left, f"stored and not compared: {sorted(left)}"

    def check_strides(self, file: str, tensors: Mapping[str, Tensor], tolerance: float) -> None:
        """Compare every stored tensor whose sample has one step per axis, and all statistics of the whole.

        Args:
            file: Name of the case.
            tensors: Ours, by the manifest's names.
            tolerance: Largest absolute difference allowed, of samples and statistics.
        """
        case, stored = self.case(file), self.arrays(file)
        assert set(case["tensors"]) == set(tensors)
        left = set(stored)
        for name, entry in case["tensors"].items():
            wide = tensors[name].detach().numpy().astype(np.float64)
            assert list(wide.shape) == entry["full_shape"], name
            pairs = {name: (thin(wide, entry["stride"]), stored[name])}
            pairs |= {f"{name} {key}": (getattr(wide, key)(), entry[key]) for key in ("mean", "std")}
            for key in {f"{name}__mean", f"{name}__std"} & left:
                pairs[key] = getattr(wide, key.rpartition("__")[2])((2, 3)), stored[key]
            for key, (ours, theirs) in pairs.items():
                difference = float(np.abs(ours - theirs).max())
                assert difference <= tolerance, f"{key} differs by {difference:.2e}, allowed {tolerance:.0e}"
            if "argmax_histogram" in entry:
                counts = np.bincount(wide.argmax(1).reshape(-1), minlength=wide.shape[1])
                moved = np.abs(counts - entry["argmax_histogram"]).sum() / 2
                assert moved <= 1e-3 * counts.sum(), name
            left -= set(pairs)
        assert not left, f"stored and not compared: {sorted(left)}"


@pytest.fixture(scope="session")
def parity(shared: Path) -> Callable[[str], Parity]:
    """Return a function from a folder's name to its stored cases."""
    spec = importlib.util.spec_from_file_location("parity_fill", shared / "parity" / "fill.py")
    assert spec is not None
    assert spec.loader is not None
    fill = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill)
    return lambda system: Parity(shared / "parity" / system, fill)


@pytest.fixture(scope="session")
def record() -> Callable[..., Any]:
    """Return the recorder of submodules' outputs."""
    return recorded
