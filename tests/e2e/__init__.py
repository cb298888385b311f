"""The demo in a browser: a real Home Assistant, a real Chromium, real queues."""

from pathlib import Path
import sys

# The demo and the browser are started by the scripts' own code.
sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
