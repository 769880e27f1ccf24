"""CPU seconds of `import textbook`, and what it loads.

python benchmarks/import_time.py
"""

import subprocess
import sys

HEAVY = ("torch", "datasets", "sklearn", "pandas", "pyarrow", "numpy")
SCRIPT = f"""
import sys, time
started = time.process_time()
import textbook
print(time.process_time() - started, *[name for name in {HEAVY} if name in sys.modules])
"""


def main() -> None:
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True) for _ in range(9)
    ]
    seconds = sorted(float(run.stdout.split()[0]) for run in runs)
    loaded = runs[0].stdout.split()[1:]
    print(f"import textbook: median {seconds[4]:.3f} CPU-s of 9 runs, max {seconds[-1]:.3f} (target < 0.15)")
    print(f"heavy modules loaded: {', '.join(loaded) or 'none'}")


if __name__ == "__main__":
    main()
