"""Where things live: the repository, the per-user cache and what is in them."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
"""Top folder of this repository."""

REQUIREMENTS = REPOSITORY / "requirements"
"""Lock files, one per Home Assistant version."""

VENVS = REPOSITORY / ".venvs"
"""One virtual environment per Home Assistant version."""

MAIN_VENV = REPOSITORY / ".venv"
"""Link to the virtual environment that mypy, ruff and coverage use."""

SIMULATOR = REPOSITORY / "simulator"
"""The Immich stand-in (Node)."""

FRONTEND = REPOSITORY / "frontend"
"""Cards and dashboard (TypeScript)."""

INTEGRATION = REPOSITORY / "custom_components" / "immich_admin_tools"
"""The integration itself."""


def cache_dir() -> Path:
    """Return the folder of the downloaded tools, shared by every checkout of this user."""
    explicit = os.environ.get("IMMICH_ADMIN_TOOLS_CACHE")
    if explicit:
        return Path(explicit).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base).expanduser() if base else Path.home() / ".cache"
    return root.resolve() / "immich-admin-tools"
