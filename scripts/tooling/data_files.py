"""Checks that YAML and JSON files can be read; run with an environment that has PyYAML."""

from __future__ import annotations

import json
from pathlib import Path
import sys

import yaml


class _Loader(yaml.SafeLoader):
    """Understands Home Assistant's own tags, such as `!input` and `!include`."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)


def problem(file: Path) -> str | None:
    """Return what is wrong with a file, or None."""
    text = file.read_text(encoding="utf-8")
    try:
        if file.suffix == ".json":
            json.loads(text)
        else:
            for _ in yaml.load_all(text, Loader=_Loader):
                pass
    except (ValueError, yaml.YAMLError) as error:
        return f"{file}: {error}"
    return None


if __name__ == "__main__":
    problems = [text for name in sys.argv[1:] if (text := problem(Path(name)))]
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
