"""What is wrong with an installation is found, with the command that mends it, in installations broken on purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT

from analysis import doctor
from analysis.doctor import Check

LOCK = """\
numpy==2.0.1 ; python_full_version < '3.20' \\
    --hash=sha256:aa
pywin32==306 ; sys_platform == 'an-other-system' \\
    --hash=sha256:bb
pandas==3.0.0 \\
    --hash=sha256:cc
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK)
    return path


def installed(**versions: str) -> Callable[[str], str]:
    def find(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    return find


def test_a_python_that_is_too_old_is_at_fault():
    assert not doctor.check_python((3, 10, 2)).ok
    assert "3.11" in doctor.check_python((3, 10, 2)).found
    assert doctor.check_python((3, 12, 0)).ok


def test_packages_are_compared_with_those_that_the_lock_names_for_this_machine(lock: Path):
    assert doctor.check_packages(lock, installed(numpy="2.0.1", pandas="3.0.0")).ok
    missing = doctor.check_packages(lock, installed(numpy="2.0.1"))
    assert (missing.ok, missing.found) == (False, "missing: pandas")
    other = doctor.check_packages(lock, installed(numpy="1.9", pandas="3.0.0"))
    assert other.found == "in another version: numpy 1.9 (2.0.1)"
    assert missing.mend.endswith(f"-m pip install --require-hashes -r {lock}")
    assert not doctor.check_packages(None).ok


def test_the_lock_of_this_project_is_read_whole():
    names = dict(doctor.read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8")))
    assert {"pandas", "typer", "typst", "pikepdf"} <= names.keys()
    assert names["pandas"] == metadata.version("pandas")


def test_a_broken_package_is_found_with_its_error_and_the_rest_is_still_looked_at(tmp_path: Path, monkeypatch):
    broken = tmp_path / "site"
    for name, code in {"pandas": "raise ImportError('half an installation')", "typst": "import os; os.abort()"}.items():
        (broken / name).mkdir(parents=True)
        (broken / name / "__init__.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(broken))
    libraries = doctor.check_imports("libraries", ["json", "pandas"], None)
    assert (libraries.ok, libraries.found) == (False, "pandas cannot be loaded (ImportError: half an installation)")
    renderers = doctor.check_imports("renderers", ["json", "typst"], None)
    assert not renderers.ok
    assert "typst ends the process that loads it" in renderers.found
    assert "--force-reinstall" in libraries.mend


def test_the_command_runs_where_pandas_numpy_and_yaml_are_broken(tmp_path: Path):
    for name in ("pandas", "numpy", "yaml", "pydantic", "matplotlib"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('broken')")
    program = (
        "import json, sys; from analysis import cli, doctor;"
        "doctor._try = lambda *_, **__: (None, 'not tried');"
        "sys.argv = ['oproep', 'doctor', '--json']; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert not told["ok"]
    found = {check["check"]: check for check in told["checks"]}
    assert not found["libraries"]["ok"]
    assert found["Python"]["ok"]
    assert not found["project"]["ok"]
    assert "Traceback" not in done.stderr


def test_another_command_says_which_package_is_broken_and_who_helps(tmp_path: Path):
    (tmp_path / "pandas").mkdir()
    (tmp_path / "pandas" / "__init__.py").write_text("raise ImportError('half an installation')")
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from analysis import cli; sys.argv = ['oproep', 'check', 'x']; cli.main()"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1
    told = "A package cannot be loaded (half an installation); `oproep doctor` says how to mend that.\n"
    assert done.stderr == told


def test_a_kernel_that_is_missing_or_of_another_python_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(doctor, "_try", lambda *_: (None, "NoSuchKernel: python3"))
    missing = doctor.check_kernel(None)
    assert (missing.ok, "NoSuchKernel" in missing.found) == (False, True)
    assert missing.mend == f"{sys.executable} -m ipykernel install --sys-prefix"
    monkeypatch.setattr(doctor, "_try", lambda *_: ({"command": ["/bin/sh"], "folder": "/k"}, ""))
    assert "another Python, /bin/sh" in doctor.check_kernel(None).found
    monkeypatch.setattr(doctor, "_try", lambda *_: ({"command": [str(tmp_path / "gone")], "folder": "/k"}, ""))
    assert doctor.check_kernel(None).found.endswith("of /k is not there")


def test_a_kernel_spec_that_a_user_has_put_before_ours_is_the_one_that_is_looked_at(tmp_path: Path, monkeypatch):
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/no/such/python", "-m", "ipykernel_launcher"], "display_name": "mine"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = doctor.check_kernel(None)
    assert (found.ok, found.found) == (False, f"/no/such/python of {spec.parent} is not there")


def test_entry_points_that_are_not_registered_are_named(tmp_path: Path):
    found = doctor.check_entries(tmp_path, find=lambda **asked: [1] if asked["name"] == "forked" else [])
    assert (found.ok, found.found) == (False, "not registered: forked-provisioner (jupyter_client.kernel_provisioners)")
    assert found.mend.endswith(f"--editable {tmp_path}")
    assert doctor.check_entries(ROOT).ok


def check_of(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.check == name)


def test_a_folder_that_cannot_be_written_to_is_found_with_the_command(tmp_path: Path, monkeypatch):
    (tmp_path / "reports").write_text("a file where the folder belongs")
    (tmp_path / "data" / "processed").mkdir(parents=True)
    checks = list(doctor.check_folders(tmp_path))
    assert check_of(checks, "data/processed").ok
    assert check_of(checks, "reports").mend == f"mv {tmp_path}/reports {tmp_path}/reports.aside"

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    found = check_of(list(doctor.check_folders(tmp_path)), "data/processed")
    assert (found.ok, found.mend) == (False, f"chmod u+rwx {tmp_path}/data/processed")
    assert "Permission denied" in found.found


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_folder_that_can_only_be_read_is_found(tmp_path: Path):
    (tmp_path / "reports").mkdir(mode=0o500)
    assert not check_of(list(doctor.check_folders(tmp_path)), "reports").ok


def test_a_disk_that_is_full_is_found(tmp_path: Path):
    checks = list(doctor.check_folders(tmp_path, free=lambda _: 5 << 20))
    assert [check.ok for check in checks] == [False] * 3
    assert "only 0.0 GiB free" in checks[0].found
    assert checks[2].mend == "export TMPDIR=FOLDER"


def test_the_memory_that_is_left_is_that_of_the_machine_or_of_its_group(tmp_path: Path):
    proc, group = tmp_path / "meminfo", tmp_path / "group"
    group.mkdir()
    proc.write_text("MemTotal: 9 kB\nMemAvailable:    8388608 kB\n")
    assert doctor.read_memory(proc, group) == 8 << 30
    (group / "memory.max").write_text(f"{3 << 30}\n")
    (group / "memory.current").write_text(f"{2 << 30}\n")
    assert doctor.read_memory(proc, group) == 1 << 30
    (group / "memory.max").write_text("max\n")
    assert doctor.read_memory(proc, group) == 8 << 30
    assert doctor.read_memory(tmp_path / "none", tmp_path / "none") is None
    assert not doctor.check_memory(lambda: 1 << 30).ok
    assert doctor.check_memory(lambda: 4 << 30).ok
    assert doctor.check_memory(lambda: None).ok


def test_an_encoding_other_than_utf_8_is_found():
    assert not doctor.check_encoding("ANSI_X3.4-1968", "utf-8").ok
    assert not doctor.check_encoding("UTF-8", "latin-1").ok
    assert doctor.check_encoding("UTF-8", "utf-8").ok


def test_a_clock_before_the_notebooks_is_found(tmp_path: Path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "x.ipynb").write_text("")
    assert not doctor.check_clock(tmp_path, lambda: 0.0).ok
    assert doctor.check_clock(tmp_path).ok


def test_git_is_needed_only_where_there_is_a_repository(tmp_path: Path):
    assert doctor.check_git(tmp_path, lambda _: None).ok
    (tmp_path / ".git").mkdir()
    assert doctor.check_git(tmp_path, lambda _: None).mend == "apt-get install git"
    assert not doctor.check_git(tmp_path).ok  # a folder of this name is no repository


def test_what_a_killed_run_has_left_is_found_and_a_run_that_goes_on_is_not(tmp_path: Path):
    import fcntl

    assert [check.ok for check in doctor.check_leftovers(tmp_path)] == [True]
    (tmp_path / "data" / "processed" / "small" / ".state").mkdir(parents=True)
    (tmp_path / "reports" / "small" / ".aside").mkdir(parents=True)
    (found,) = doctor.check_leftovers(tmp_path)
    assert (found.ok, found.mend) == (False, "oproep run small")
    with (tmp_path / "data" / "processed" / "small" / ".lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert [check.ok for check in doctor.check_leftovers(tmp_path)] == [True]


def test_an_unfinished_folder_of_a_new_call_is_found_once_it_is_old(tmp_path: Path):
    folder = tmp_path / "data" / "raw" / ".new-call.abcd1234"
    folder.mkdir(parents=True)
    assert [check.ok for check in doctor.check_leftovers(tmp_path)] == [True]
    os.utime(folder, (0, 0))
    (found,) = doctor.check_leftovers(tmp_path)
    assert found.mend == f"rm -r {folder}"


def test_a_check_that_fails_itself_is_at_fault_and_stops_no_other():
    def fail() -> Check:
        raise RuntimeError("no such luck")

    (found,) = doctor._look("fonts", fail)
    assert (found.check, found.ok, found.found) == (
        "fonts",
        False,
        "could not be looked at (RuntimeError: no such luck)",
    )


def test_a_program_that_hangs_or_says_nothing_is_no_answer(monkeypatch: pytest.MonkeyPatch):
    assert doctor._try("pass") == (None, "no answer")
    assert doctor._try("raise SystemExit(3)") == (None, "exit code 3")
    monkeypatch.setattr(doctor, "PATIENCE", 0.3)
    assert doctor._try("import time; time.sleep(60)") == (None, "TimeoutExpired")


def test_every_fault_is_followed_by_what_mends_it_and_the_last_line_counts():
    checks = [Check("Python", True, "3.11"), Check("git", False, "gone", "apt-get install git")]
    lines = list(doctor.say_checks(checks))
    assert lines == [
        "ok     Python  3.11",
        "FAULT  git     gone",
        "       to mend it: apt-get install git",
        "1 of 2 at fault",
    ]
    assert list(doctor.say_checks(checks, faults_only=True)) == lines[1:3]
    assert doctor.describe_checks(checks)["ok"] is False
    assert list(doctor.say_checks(checks[:1]))[-1] == "all 1 in order"


def test_fonts_and_forked_kernels_of_this_installation_are_in_order():
    assert doctor.check_fonts(None).ok
    assert doctor.check_forking().ok
