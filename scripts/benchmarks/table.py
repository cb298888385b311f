"""Tables for a terminal."""

from collections.abc import Sequence

type Table = Sequence[Sequence[str]]
"""A head row and data rows; the first column is a label."""


def as_text(table: Table) -> str:
    """Return a table with aligned columns, labels to the left, figures to the right."""
    size = max(len(row) for row in table)
    rows = [[*row, *[""] * (size - len(row))] for row in table]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join((lines[0], rule, *lines[1:]))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [
        first[0].ljust(first[1]),
        *(cell.rjust(width) for cell, width in others),
    ]
