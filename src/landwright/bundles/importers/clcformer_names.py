"""Our names of CLCFormer's parameters, turned back into those of the published training script."""

from __future__ import annotations

from landwright.bundles.importers.clcformer import _POOLED, _PREFIXES


def published_names(name: str) -> tuple[str, ...]:
    """Return the published name of one of our keys, so that messages speak of what is in the user's file."""
    for published, own in _PREFIXES.items():
        if name.startswith(own):
            return (published + _inner(own, name.removeprefix(own)),)
    return (name,)


def _inner(own: str, rest: str) -> str:
    if own == "transformer." and rest.startswith("layers.") and ".downsample." in rest:
        _, stage, tail = rest.split(".", 2)
        return f"layers.{int(stage) - 1}.{tail}"
    if own.startswith("fusions.") and rest.startswith("channel."):
        return _pooled(rest.removeprefix("channel."))
    return rest


def _pooled(rest: str) -> str:
    layer, *tail = rest.split(".")
    published = next(old for old, new in _POOLED.items() if new == layer)
    if tail[0] == "point":
        return f"{published}.point_conv.{tail[1]}"
    return f"{published}.depth_conv.{'weight' if tail[0] == 'scale' else 'bias'}"
