"""What it takes to map a country: blocks, windows, and what their halos cost, counted on the engine's own grid.

    python benchmarks/country.py [--height 1000000] [--width 1200000] [--blocks 2048 4096 ...] [--tiles 512 1024]

Counts the windows of the whole map, and those that the blocks compute, a window once for every block that it touches.
Nothing is mapped, and nothing is estimated. By default the map is one of 500 x 600 km with pixels of 0.5 m.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from landwright.engine.stream import Tiling, touching


@dataclass(frozen=True)
class Cost:
    """What a map costs that is made in blocks.

    Attributes:
        blocks: Their number.
        passes: How often a pixel goes through the network on average if the map is made as a whole.
        halo: Windows that the blocks compute, divided by those of the map as a whole.
        reading: Pixels that the blocks read, divided by those of the map.
    """

    blocks: int
    passes: float
    halo: float
    reading: float


def cost(height: int, width: int, block: int, tiling: Tiling) -> Cost:
    """Count the blocks of a map, and their windows.

    Args:
        height: Rows of the map.
        width: Columns.
        block: Side of a block in pixels.
        tiling: Windows.
    """
    (rows, down, read_down), (cols, across, read_across) = (side(length, block, tiling) for length in (height, width))
    whole = len(tiling.starts(height)) * len(tiling.starts(width))
    return Cost(
        blocks=rows * cols,
        passes=tiling.redundancy(height, width),
        halo=down * across / whole,
        reading=read_down * read_across / (height * width),
    )


def side(length: int, block: int, tiling: Tiling) -> tuple[int, int, int]:
    """Count along one side of a map: its blocks, and the windows and pixels of each block added up."""
    starts = tiling.starts(length)
    firsts = range(0, length, block)
    windows = [touching(starts, tiling.tile, first, min(first + block, length)) for first in firsts]
    pixels = sum(min(length, starts[each[-1]] + tiling.tile) - starts[each[0]] for each in windows)
    return len(firsts), sum(map(len, windows)), pixels


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--height", type=int, default=1_000_000, help="rows")
    parser.add_argument("--width", type=int, default=1_200_000, help="columns")
    parser.add_argument("--blocks", type=int, nargs="+", default=[2048, 4096, 8192, 16384])
    parser.add_argument("--tiles", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--overlap", type=float, default=0.25)
    arguments = parser.parse_args()
    print("| window | block | blocks | passes per pixel | windows computed | pixels read |")
    print("|---|---|---|---|---|---|")
    for tile in arguments.tiles:
        tiling = Tiling(tile=tile, overlap=arguments.overlap)
        for block in arguments.blocks:
            found = cost(arguments.height, arguments.width, block, tiling)
            print(
                f"| {tile} | {block} | {found.blocks:,} | {found.passes:.2f} | {found.halo:.3f} | {found.reading:.3f} |"
            )


if __name__ == "__main__":
    main()
