import sys
from pathlib import Path

# Shared settings lie beside the tests.
sys.path.insert(0, str(Path(__file__).parent))
