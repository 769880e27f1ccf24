"""Tiny benchmarks in the shape of the real ones."""

import gzip
import json
from pathlib import Path


def humaneval_rows(n: int = 164) -> list[dict]:
    return [
        {
            "task_id": f"HumanEval/{i}",
            "prompt": f'def add{i}(a: int) -> int:\n    """ Add {i}. """\n',
            "canonical_solution": f"    return a + {i}\n",
            "entry_point": f"add{i}",
            "test": f"\n\nMETADATA = {{}}\n\n\ndef check(candidate):\n    assert candidate(1) == {i + 1}\n",
        }
        for i in range(n)
    ]


def mbpp_rows() -> list[dict]:
    return [
        {
            "task_id": i,
            "text": f"Write a function to add {i}.",
            "code": f"def add(a):\r\n  return a + {i}",
            "test_list": [f"assert set([add(1)]) == set([{i + 1}])", f"assert add(2) == {i + 2} "],
            "test_setup_code": "shared = 1\r\n" if i == 12 else "",
            "challenge_test_list": ["assert add(-1) < 1000"] if i == 13 else [],
        }
        for i in range(1, 975)
    ]


def jsonl(path: Path, rows: list[dict]) -> Path:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path
