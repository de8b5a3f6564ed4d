"""environment.yml, pyproject.toml and the locks say the same, and the prescribed packages are among them."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PRESCRIBED = {"jupyterlab", "pandas", "matplotlib", "seaborn", "papermill", "nbconvert"}
PINNED = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package, version in PINNED.findall((ROOT / name).read_text(encoding="utf-8")):
        found.setdefault(package, set()).add(version)
    return found


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_prescribed_packages_are_direct_dependencies_and_locked():
    direct = {Requirement(line).name for line in project()["project"]["dependencies"]}
    assert direct >= PRESCRIBED
    assert pins("requirements.lock").keys() >= direct


def test_every_direct_dependency_is_locked_within_its_bounds():
    lock = pins("requirements-test.lock")
    declared = [*project()["project"]["dependencies"], *project()["dependency-groups"]["test"]]
    for requirement in map(Requirement, declared):
        assert all(requirement.specifier.contains(Version(v)) for v in lock[requirement.name]), requirement


def test_the_lock_of_the_tests_holds_the_versions_of_the_workbook():
    workbook, tests = pins("requirements.lock"), pins("requirements-test.lock")
    assert {name: tests.get(name) for name in workbook} == workbook


def test_every_locked_version_has_a_hash_and_no_address():
    for path in ROOT.glob("requirements*.lock"):
        text = path.read_text(encoding="utf-8")
        entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
        assert all("--hash=sha256:" in entry for entry in entries if entry.strip()), path.name
        assert "://" not in text, path.name
        assert "index" not in text.replace("--no-emit-index-url", ""), path.name


def test_conda_takes_python_and_pip_from_conda_forge_and_the_rest_from_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, from_lock = environment["dependencies"]
    assert environment["channels"][0] == "conda-forge"
    assert pip == "pip"
    assert "-r requirements.lock" in from_lock["pip"]
    lowest = project()["project"]["requires-python"].removeprefix(">=")
    assert python == f"python={lowest}"


def test_the_interpreter_and_packages_in_use_are_the_locked_ones():
    from importlib.metadata import version

    lock = pins("requirements.lock")
    assert {name for name in PRESCRIBED if version(name) not in lock[name]} == set()
