"""Runs the benchmarks and prints their tables."""

import homeassistant  # noqa: F401  # isort: skip  # Puts its own httpx in place first.

import argparse
from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import iter_modules
import sys
from time import perf_counter

from scripts import benchmarks

from .table import Table, as_text

type Benchmark = Callable[[bool], Table]


def subjects() -> Mapping[str, Benchmark]:
    """Return all benchmarks: the modules beside this one that have a `run`."""
    found: dict[str, Benchmark] = {}
    for info in iter_modules(benchmarks.__path__):
        if info.name.startswith("_"):
            continue
        run = getattr(import_module(f"scripts.benchmarks.{info.name}"), "run", None)
        if run is not None:
            found[info.name] = run
    return found


def main() -> None:
    """Run the chosen benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds: shows that they run"
    )
    parser.add_argument("--list", action="store_true", help="show the names and stop")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    known = subjects()
    if unknown := sorted(set(arguments.names) - known.keys()):
        sys.exit(f"No benchmark {', '.join(unknown)}. There are: {', '.join(known)}")
    if arguments.list:
        print("\n".join(known))
        return
    for name in arguments.names or known:
        started = perf_counter()
        table = known[name](arguments.quick)
        print(f"\n{name} ({perf_counter() - started:.0f} s)\n")
        print(as_text(table), flush=True)


if __name__ == "__main__":
    main()
