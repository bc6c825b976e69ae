"""`python -m bench <name>`: run one measurement, or list them."""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def main() -> int:
    """Run the measurement named on the command line; 2 when there is none of that name."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print("python -m bench " + "|".join(NAMES))
        return 2
    import_module(f"bench.{sys.argv.pop(1)}").main()
    return 0


sys.exit(main())
