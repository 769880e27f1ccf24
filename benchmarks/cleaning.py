"""Every cleaning benchmark in turn, each a script of its own that can be run alone.

    python benchmarks/cleaning.py [FOLDER ...]

FOLDER: packages to work on, as `pool.py` says; the installed ones by default. Takes about half an hour, most of it the
rivals'; those that are not installed are left out.
"""

import subprocess
import sys
from pathlib import Path

ON_FOLDERS = ("near_duplicates", "near_duplicates_million", "templated", "code_kind")
ALONE = ("semantic_duplicates", "licences", "secrets_found", "personal_data")


def main() -> None:
    here = Path(__file__).parent
    for name in (*ON_FOLDERS, *ALONE):
        print(f"\n{name}.py", flush=True)
        arguments = sys.argv[1:] if name in ON_FOLDERS else []
        subprocess.run([sys.executable, str(here / f"{name}.py"), *arguments], check=True)


if __name__ == "__main__":
    main()
