"""The floors of the house: a module imports only from floors below its own."""

import ast
from pathlib import Path

import analysis

PACKAGE = Path(analysis.__file__).parent
FLOORS = [
    [
        "faults",
        "clock",
        "messages",
        "stages",
        "files",
        "documents",
        "declarations",
        "consistency",
        "call",
        "hedges",
        "contradictions",
        "published",
        "indicators",
        "months",
        "contracts",
        "rules",
        "tables",
        "steps",
        "store",
    ],
    ["ingest", "requisites", "scenarios", "scorefile", "workplan"],
    ["assignment", "gibbs", "intervals", "lottery", "posterior", "programme", "reml"],
    [
        "distribution",
        "scoring",
        "ranking",
        "agreement",
        "expectation",
        "selection",
        "resources",
        "evaluation",
        "standing",
        "similarity",
        "followup",
        "sharing",
        "omissions",
        "declared",
        "reconciliation",
    ],
    ["sensitivity"],
    ["coarsening", "release"],
    [
        "wording",
        "glossary",
        "blocks",
        "figures",
        "plots",
        "maps",
        "material",
        "exhibits",
        "appraisal",
        "certainty",
        "accounts",
        "chosen",
        "prospects",
        "provenance",
        "sections",
        "findings",
        "omitted",
        "suppositions",
        "answer",
        "sheetpaths",
        "sheets",
        "rankpage",
    ],
    ["basis", "publish", "rechoice", "whatif"],
    [
        "synthesis",
        "reconstruct",
        "adoption",
        "forking",
        "children",
        "inprocess",
        "provisioning",
        "kernels",
        "graph",
        "dependencies",
        "plan",
        "freshness",
        "locking",
        "editions",
        "remote",
        "leases",
        "storage",
        "opening",
        "workers",
        "roots",
        "pipeline",
        "granting",
        "sheetlist",
        "sheetrun",
        "copies",
        "schedule",
        "journal",
        "upkeep",
        "rankfile",
        "comparison",
        "verification",
        "workbench",
        "app",
        "voice",
        "ending",
        "completion",
        "listing",
        "usage",
        "progress",
        "doctor",
        "conduct",
        "cli",
    ],
]
MEASURES, RUNNING = 3, 8
HEIGHT = {module: height for height, modules in enumerate(FLOORS) for module in modules}
DISK = {"pathlib", "os", "shutil", "tempfile", "io", "open"}


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "analysis":
            names |= {f"analysis.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def modules() -> list[tuple[str, Path]]:
    return [(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path) for path in sorted(PACKAGE.rglob("*.py"))]


def house_imports(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("analysis.")}


def test_every_module_has_a_floor():
    assert {module for module, _ in modules()} - {"__init__"} == set(HEIGHT)


def test_a_module_imports_only_from_its_own_floor_or_below():
    too_high = {
        (str(path.relative_to(PACKAGE)), other)
        for module, path in modules()
        if module != "__init__"
        for other in house_imports(path)
        if HEIGHT[other] > HEIGHT[module]
    }
    assert too_high == set()


def test_no_two_modules_import_each_other():
    edges = {(module, other) for module, path in modules() for other in house_imports(path) if other != module}
    assert {(a, b) for a, b in edges if (b, a) in edges} == set()


def test_measures_never_import_one_another_and_touch_no_disk():
    for module in FLOORS[MEASURES]:
        path = PACKAGE / f"{module}.py"
        assert house_imports(path) & set(FLOORS[MEASURES]) == set(), module
        assert imports_of(path) & DISK == set(), module
        assert "store" not in house_imports(path), module


def test_only_the_running_floor_runs_notebooks():
    assert {m for m, path in modules() if {"papermill", "nbclient"} & imports_of(path)} <= set(FLOORS[RUNNING])


def test_the_code_holds_no_fact_of_a_call():
    facts = [
        "Cultuurconnect",
        "Bibnet",
        "LOCUS",
        "Innovatiefabriek",
        "61500",
        "61.500",
        "1100000",
        "jurylid-",
        "collectie",
    ]
    shipped = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.yml"), *PACKAGE.rglob("*.j2")]
    found = {(p.name, fact) for p in shipped for fact in facts if fact.lower() in p.read_text(encoding="utf-8").lower()}
    assert found == set()
