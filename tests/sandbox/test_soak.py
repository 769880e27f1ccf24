"""Many programs in a row: memory, files and processes stay flat. `benchmarks/sandbox_soak.py` runs 100,000."""

import pytest

from benchmarks.sandbox_soak import soak, state


def check(number):
    before = state(0)
    first, *_, last = soak(number, 10)
    after = state(0)
    assert (last.processes, last.open_files, last.files_left) == (first.processes, first.open_files, 0)
    assert last.pss_mb < first.pss_mb + 8
    assert (after.processes, after.open_files) == (before.processes, before.open_files)


def test_five_hundred():
    check(500)


@pytest.mark.slow
def test_ten_thousand():
    check(10_000)
