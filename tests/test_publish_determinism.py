"""The same inputs give the same bytes: on any day, in any folder, time zone and locale, in any order of a set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PROGRAM = """
import hashlib, json, sys
from pathlib import Path
from answering import show_answer
from running import compose_edition, run_steps
from analysis.editions import render
store = run_steps(Path(sys.argv[1]), "green-streets-2024", "en")
answer = compose_edition(store, "2024-04-01", "internal", "en")
outputs = render(store, store.pipeline.step("08_answer"), answer.material.edition, show_answer(answer))
print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in outputs.items()}))
"""
PLACES = [
    {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "1", "PYTHONUTF8": "1"},
    {"TZ": "America/Lima", "LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "2", "COLUMNS": "20"},
]


def test_another_folder_time_zone_locale_and_hash_seed_give_the_same_bytes(
    tmp_path: Path, make_project: Callable[[Path], Path]
) -> None:
    runs = []
    for number, place in enumerate(PLACES):
        root = make_project(tmp_path / f"project {number}")
        elsewhere = tmp_path / str(number)
        elsewhere.mkdir()
        environment = os.environ | place | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", PROGRAM, str(root)]
        runs.append(subprocess.Popen(command, cwd=elsewhere, env=environment, stdout=subprocess.PIPE, text=True))
    first, second = (json.loads(run.communicate(timeout=300)[0]) for run in runs)
    assert {"answer.html", "answer.pdf", "answer.docx", "tables.xlsx"} <= first.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert first.keys() == second.keys()
