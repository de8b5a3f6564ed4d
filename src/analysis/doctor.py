"""What is wrong with an installation, and the command that mends it.

Nothing but the standard library is imported here: what is broken must not keep this from saying so. What may break is
tried in a process of its own, with the same Python.
"""

from __future__ import annotations

import json
import locale
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

OLDEST_PYTHON = (3, 11)
LEAST_SPACE = 1 << 30  # bytes on a disk that is written to: a big call with all its sheets takes some hundred megabytes
LEAST_MEMORY = 2 << 30  # bytes, for two kernels at once
PATIENCE = 120.0  # seconds for a trial in a process of its own
SHOWN = 5  # of many packages the first ones tell the story
REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)[ ]*(?:;(?P<marker>[^\\\n]*))?", re.M)
LIBRARIES = ("numpy", "pandas", "pyarrow", "pandera", "pydantic", "scipy", "matplotlib", "nbformat", "papermill")
RENDERERS = ("typst", "pikepdf")
ENTRIES = (("jupyter_client.kernel_provisioners", "forked-provisioner"), ("papermill.engine", "forked"))
KERNEL = "python3"
TEMPORARY = "temporary folder"
# Programs for `python -c`; each prints what was found as JSON.
IMPORTING = """
import importlib, json, sys
failed = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
print(json.dumps(failed))
"""
FINDING_KERNEL = """
import json, sys
from jupyter_client.kernelspec import KernelSpecManager
manager = KernelSpecManager()
spec = manager.get_kernel_spec(sys.argv[1])
print(json.dumps({"command": spec.argv, "folder": spec.resource_dir}))
"""
FORKING = """
import json
from analysis.forking import CAN_FORK, Parent
if CAN_FORK:
    parent = Parent(())
    pid = parent.call("os:getpid", ())
    parent.close()
print(json.dumps(CAN_FORK))
"""
FINDING_FONTS = """
import json
from pathlib import Path
import matplotlib
folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
paths = [folder / name for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
print(json.dumps([str(path) for path in paths if not path.is_file() or not path.read_bytes()]))
"""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is in order, what was found, and the command that mends it."""

    check: str
    ok: bool
    found: str
    mend: str = ""


def find_project(root: Path | None) -> Path | None:
    """Return the project: the folder that is given, or the nearest one from here upward; None where there is none."""
    from analysis.faults import InputError
    from analysis.files import find_root

    try:
        return root.resolve() if root else find_root()
    except InputError:
        return None


def examine(root: Path | None) -> list[Check]:
    """Look at everything; `root` is the project, None where there is none."""
    lock, project = _find_lock(root), root or Path.cwd()
    parts: list[tuple[str, Callable[[], Check | Iterable[Check]]]] = [
        ("Python", check_python),
        ("project", lambda: check_project(root)),
        ("packages", lambda: check_packages(lock)),
        ("libraries", lambda: check_imports("libraries", LIBRARIES, lock)),
        ("renderers", lambda: check_imports("renderers", RENDERERS, lock)),
        ("fonts", lambda: check_fonts(lock)),
        ("kernel", lambda: check_kernel(lock)),
        ("forked kernels", check_forking),
        ("entry points", lambda: check_entries(project)),
        ("folders", lambda: check_folders(project)),
        ("memory", check_memory),
        ("encoding", check_encoding),
        ("clock", lambda: check_clock(project)),
        ("git", lambda: check_git(project)),
        ("leftovers", lambda: check_leftovers(project)),
    ]
    return [check for name, look in parts for check in _look(name, look)]


def _look(name: str, look: Callable[[], Check | Iterable[Check]]) -> list[Check]:
    """Return what a check found; one that cannot be made is at fault too."""
    try:
        found = look()
        return [found] if isinstance(found, Check) else list(found)
    except Exception as error:
        return [Check(name, False, f"could not be looked at ({type(error).__name__}: {error})")]


def check_python(version: Sequence[int] = sys.version_info[:3]) -> Check:
    """Return whether this Python is new enough."""
    shown, oldest = (".".join(map(str, numbers)) for numbers in (version[:3], OLDEST_PYTHON))
    if tuple(version[:2]) < OLDEST_PYTHON:
        return Check("Python", False, f"{shown}, and {oldest} or newer is needed", "make PYTHON=python3.11 report")
    return Check("Python", True, f"{shown}, {sys.executable}")


def check_project(root: Path | None) -> Check:
    """Return whether there is a project to work in."""
    if root is None:
        return Check(
            "project", False, "no folder here or above with notebooks/pipeline.yml", "cd FOLDER, or --root FOLDER"
        )
    return Check("project", True, str(root))


def check_packages(lock: Path | None, installed: Callable[[str], str] = metadata.version) -> Check:
    """Return whether every package that the lock names for this machine is installed in that version."""
    if lock is None:
        return Check("packages", False, "no requirements.lock to compare them with", "git checkout requirements.lock")
    wanted = dict(read_lock(lock.read_text(encoding="utf-8")))
    missing, others = [], []
    for name, version in wanted.items():
        try:
            found = installed(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if found != version:
            others.append(f"{name} {found} ({version})")
    wrong = [
        *([f"missing: {_list(missing)}"] if missing else []),
        *([f"in another version: {_list(others)}"] if others else []),
    ]
    if wrong:
        return Check("packages", False, "; ".join(wrong), install(lock))
    return Check("packages", True, f"all {len(wanted)} as in {lock.name}")


def read_lock(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and version of every package of a lock that this Python and system need."""
    for found in REQUIREMENT.finditer(text):
        if _applies((found["marker"] or "").strip()):
            yield found["name"], found["version"]


def _applies(marker: str) -> bool:
    """Return whether the condition of a requirement holds here; where that cannot be told, that it does not."""
    if not marker:
        return True
    try:
        from packaging.markers import Marker

        return bool(Marker(marker).evaluate())
    except Exception:
        return False


def check_imports(name: str, modules: Sequence[str], lock: Path | None) -> Check:
    """Return whether modules can be imported; one that brings its process down is found by itself."""
    done, failed = _try(IMPORTING, *modules)
    if done is None and len(modules) > 1:
        apart = [check_imports(module, [module], lock) for module in modules]
        wrong = [check for check in apart if not check.ok]
        return Check(name, False, "; ".join(check.found for check in wrong) or failed, install(lock))
    if done is None:
        return Check(name, False, f"{modules[0]} ends the process that loads it ({failed})", install(lock))
    if done:
        said = "; ".join(f"{module} cannot be loaded ({error})" for module, error in done.items())
        return Check(name, False, said, install(lock, again=list(done)))
    return Check(name, True, ", ".join(modules))


def check_fonts(lock: Path | None) -> Check:
    """Return whether the fonts that come with Matplotlib are there and can be read."""
    missing, failed = _try(FINDING_FONTS)
    if missing is None:
        return Check("fonts", False, f"not found ({failed})", install(lock, again=["matplotlib"]))
    if missing:
        return Check("fonts", False, f"cannot be read: {', '.join(missing)}", install(lock, again=["matplotlib"]))
    return Check("fonts", True, "DejaVu Sans of Matplotlib; those of Typst are part of it")


def check_kernel(lock: Path | None) -> Check:
    """Return whether Jupyter finds the kernel `python3`, and whether that is one of this Python."""
    mend = f"{shlex.quote(sys.executable)} -m ipykernel install --sys-prefix"
    found, failed = _try(FINDING_KERNEL, KERNEL)
    if found is None:
        return Check("kernel", False, f"Jupyter finds no kernel {KERNEL} ({failed})", mend)
    own = found["command"][0] in ("python", "python3", "python{}.{}".format(*sys.version_info))
    program = sys.executable if own else shutil.which(found["command"][0])  # as jupyter_client takes these names
    if program is None:
        return Check("kernel", False, f"{found['command'][0]} of {found['folder']} is not there", mend)
    if Path(program).resolve() != Path(sys.executable).resolve():
        gone = shlex.quote(found["folder"])
        return Check("kernel", False, f"{found['folder']} starts another Python, {program}", f"rm -r {gone}; {mend}")
    broken = check_imports("kernel", ["ipykernel.kernelapp"], lock)
    return broken if not broken.ok else Check("kernel", True, f"{KERNEL}, {found['folder']}")


def check_forking() -> Check:
    """Return whether kernels can be forked; where a system has no fork, ordinary ones take their place."""
    can, failed = _try(FORKING)
    if can is None:
        return Check("forked kernels", False, f"none can be forked ({failed})", "ulimit -u unlimited; ulimit -n 4096")
    return Check("forked kernels", True, "can be forked" if can else "not on this system; ordinary ones are started")


def check_entries(root: Path, find: Callable[..., Iterable[Any]] = metadata.entry_points) -> Check:
    """Return whether Jupyter and papermill know the provisioner and the engine of this package."""
    missing = [f"{name} ({group})" for group, name in ENTRIES if not list(find(group=group, name=name))]
    if missing:
        place = shlex.quote(str(root))
        mend = f"{shlex.quote(sys.executable)} -m pip install --no-deps --no-build-isolation --editable {place}"
        return Check("entry points", False, f"not registered: {', '.join(missing)}", mend)
    return Check("entry points", True, ", ".join(name for _, name in ENTRIES))


def check_folders(
    root: Path, free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Iterator[Check]:
    """Yield for each folder that is written to whether it can be, and whether there is space."""
    folders = {
        "data/processed": root / "data" / "processed",
        "reports": root / "reports",
        TEMPORARY: Path(tempfile.gettempdir()),
    }
    for name, folder in folders.items():
        yield _check_folder(name, folder, free)


def _check_folder(name: str, folder: Path, free: Callable[[Path], int]) -> Check:
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    quoted = shlex.quote(str(there))
    if not there.is_dir():
        return Check(name, False, f"{there} is no folder", f"mv {quoted} {quoted}.aside")
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"0")
    except OSError as error:
        return Check(name, False, f"{there} cannot be written to ({error.strerror})", f"chmod u+rwx {quoted}")
    space = free(there)
    if space < LEAST_SPACE:
        said = f"only {_size(space)} free in {there}, and {_size(LEAST_SPACE)} is needed"
        return Check(name, False, said, "export TMPDIR=FOLDER" if name == TEMPORARY else "oproep run CALL --keep 1")
    return Check(name, True, f"{there}, {_size(space)} free")


def check_memory(available: Callable[[], int | None] | None = None) -> Check:
    """Return whether there is memory enough for two kernels."""
    found = (available or read_memory)()
    if found is None:
        return Check("memory", True, "not told by this system")
    if found < LEAST_MEMORY:
        said = f"only {_size(found)} available, and {_size(LEAST_MEMORY)} is needed"
        return Check("memory", False, said, "oproep run CALL --jobs 1")
    return Check("memory", True, f"{_size(found)} available")


def read_memory(proc: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return the bytes of memory that a new process may still take; None where the system does not say."""
    told: list[int] = []
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", proc.read_text(), re.MULTILINE)
        told += [int(found[1]) * 1024] if found else []
    except OSError:
        pass
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        told += [int(limit) - int(used)] if limit.isdigit() else []
    except OSError:
        pass
    return min(told, default=None)


def check_encoding(preferred: str | None = None, files: str | None = None) -> Check:
    """Return whether texts and names of files are in UTF-8."""
    names = (preferred or locale.getpreferredencoding(False), files or sys.getfilesystemencoding())
    if any(name.lower().replace("-", "").replace("_", "") != "utf8" for name in names):
        return Check(
            "encoding",
            False,
            f"texts in {names[0]}, names of files in {names[1]}",
            "export LC_ALL=C.UTF-8 PYTHONUTF8=1",
        )
    return Check("encoding", True, "UTF-8")


def check_clock(root: Path, now: Callable[[], float] = time.time) -> Check:
    """Return whether the clock is right: not before the project was made, with the zone of the release rules."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from analysis.clock import ZONE

    try:
        ZoneInfo(ZONE)
    except ZoneInfoNotFoundError:
        return Check(
            "clock", False, f"the zone {ZONE} is not known", f"{shlex.quote(sys.executable)} -m pip install tzdata"
        )
    made = max((path.stat().st_mtime for path in (root / "notebooks").glob("*")), default=0.0)
    if now() < made:
        said = time.strftime("%Y-%m-%d %H:%M", time.gmtime(now()))
        return Check("clock", False, f"{said} UTC, which is before the notebooks were made", "timedatectl set-ntp true")
    return Check("clock", True, time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now())))


def check_git(root: Path, find: Callable[[str], str | None] = shutil.which) -> Check:
    """Return whether the manifest of an edition can name the commit that it was made with."""
    if not (root / ".git").exists():
        return Check("git", True, "no repository; the manifest names no commit")
    if find("git") is None:
        return Check("git", False, "a repository, but no git to name its commit in the manifest", "apt-get install git")
    done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no commit"])[0]
        return Check(
            "git",
            False,
            f"git cannot name the commit ({said})",
            f"git config --global --add safe.directory {shlex.quote(str(root))}",
        )
    return Check("git", True, f"commit {done.stdout.strip()[:12]}")


def check_leftovers(root: Path) -> Iterator[Check]:
    """Yield what runs that were killed have left, by call; a run that goes on is none."""
    from analysis import locking
    from analysis.plan import Plan

    found = False
    for path in sorted((root / "data" / "processed").glob("*/.state")):
        plan = Plan(root, path.parent.name, "nl", (), (), ())
        if not locking.is_locked(plan) and locking.has_leftovers(plan):
            found = True
            yield Check(
                "leftovers", False, f"what a run of {plan.call} left that was killed", f"oproep run {plan.call}"
            )
    for path in sorted((root / "data" / "raw").glob(".*.*")):
        if path.is_dir() and time.time() - path.stat().st_mtime > PATIENCE:
            found = True
            yield Check("leftovers", False, f"an unfinished folder, {path}", f"rm -r {shlex.quote(str(path))}")
    if not found:
        yield Check("leftovers", True, "none")


def install(lock: Path | None, again: Sequence[str] = ()) -> str:
    """Return the command that installs what the lock names; packages that are there but broken are put in anew."""
    anew = " --force-reinstall" if again else ""
    where = shlex.quote(str(lock)) if lock else "requirements.lock"
    return f"{shlex.quote(sys.executable)} -m pip install --require-hashes{anew} -r {where}"


def say_checks(checks: Sequence[Check], faults_only: bool = False) -> Iterator[str]:
    """Yield a line per check, and below one at fault the command that mends it."""
    width = max(len(check.check) for check in checks)
    for check in checks:
        if faults_only and check.ok:
            continue
        yield f"{'ok' if check.ok else 'FAULT':<5}  {check.check:<{width}}  {check.found}"
        if not check.ok and check.mend:
            yield f"       to mend it: {check.mend}"
    wrong = sum(not check.ok for check in checks)
    if faults_only:
        return
    yield f"{wrong} of {len(checks)} at fault" if wrong else f"all {len(checks)} in order"


def describe_checks(checks: Sequence[Check]) -> dict[str, Any]:
    """Return the same as plain values."""
    return {"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]}


def _try(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[Any, str]:
    """Return what a program prints in a process of its own, or None and why it did not come that far."""
    command = [sys.executable, "-c", program, *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, env=dict(environment or os.environ)
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, type(error).__name__
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return None, last[0]
    try:
        return json.loads(done.stdout.strip().splitlines()[-1]), ""
    except (ValueError, IndexError):
        return None, "no answer"


def _find_lock(root: Path | None) -> Path | None:
    for folder in (root, Path(__file__).parents[2]):
        if folder and (folder / "requirements.lock").is_file():
            return folder / "requirements.lock"
    return None


def _list(names: Sequence[str]) -> str:
    hidden = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {hidden} more" if hidden > 0 else "")


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB"


def main(arguments: Sequence[str]) -> int:
    """Examine this installation where the command line itself cannot be loaded: `python -m analysis.doctor`."""
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="oproep doctor", description="Say what is wrong with this installation.")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--quiet", "-q", action="store_true")
    parser.add_argument("--root", type=Path)
    given = parser.parse_args(arguments)
    checks = examine(find_project(given.root))
    document = json.dumps(describe_checks(checks), indent=1)
    for line in [document] if given.as_json else say_checks(checks, given.quiet):
        sys.stdout.write(f"{line}\n")
    return 0 if all(check.ok for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
