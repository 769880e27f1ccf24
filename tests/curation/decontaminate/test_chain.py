"""The three steps of decontamination, one after another in one recipe: each updates what the one before said."""

from dataclasses import replace

import textbook as tb
from textbook.curation.decontaminate import Decontaminate
from textbook.curation.decontaminate.behaviour import LeaksByBehaviour
from textbook.curation.decontaminate.judge import LeaksByJudge, by_loops
from textbook.llm import Scripted


def test_tiers_and_evidence_pass_from_step_to_step(tmp_path):
    behaviour, batch = LeaksByBehaviour.example()
    rows = [dict(zip(batch, row, strict=True)) for row in zip(*batch.values(), strict=True)]
    rows = [{name: row[name] for name in ("id", "text", "language")} for row in rows]
    judge = LeaksByJudge(Scripted(by_loops, journal=tmp_path / "judge.sqlite"), behaviour.references, drop=False)
    steps = (Decontaminate(behaviour.references, drop=False), replace(behaviour, drop=False), judge)
    curated = tb.curate(rows, *steps)
    again = tb.Folder(tb.run(steps, tb.Rows(rows), tmp_path / "out").path)
    first = tb.curate(rows, *steps[:1]).dataset
    assert curated.dataset.column_names[-4:] == ["judge_verdict", "judge_reason", "judge_error", "judge_model"]
    assert len(set(curated.dataset.column_names)) == len(curated.dataset.column_names)
    found = {row["id"]: {each["detector"] for each in row["contaminated_by"] or []} for row in curated.dataset}
    assert any("behaviour" in detectors for detectors in found.values())
    assert curated.dataset["contamination_tier"] != first["contamination_tier"]
    assert tb.curate(again).dataset["contaminated_by"] == curated.dataset["contaminated_by"]
