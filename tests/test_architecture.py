"""The shape of the code: things are small and in their place, the picture is true, every model folder is whole.

Who may import whom is said by the contracts in ``pyproject.toml``; here stands what import-linter cannot say.
"""

import ast
import json
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([ROOT / "app.py", *(ROOT / "femo").rglob("*.py"), *(ROOT / "leaderboard").rglob("*.py")])
PACKAGES = sorted({path.parent for path in MODULES} - {ROOT})
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_MODULES = 20
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name.split(".")[0] for name in found}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_module_is_small_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_MODULE_LINES, f"{_name(path)} has two jobs"
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), f"{_name(path)} does not say what it is for"
    assert path.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_functions_are_small(path: Path) -> None:
    long = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body
            if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
                body = body[1:]
            n_lines = (node.end_lineno or 0) - body[0].lineno + 1
            if n_lines > MAX_FUNCTION_LINES:
                long.append(f"{_name(path)}:{node.lineno} {node.name} has {n_lines} lines")
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_nothing_is_unpickled(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    keywords = {
        (keyword.arg, keyword.value.value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if isinstance(keyword.value, ast.Constant)
    }
    assert not _imports(tree) & {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
    assert not keywords & {("allow_pickle", True), ("weights_only", False)}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_name_does_not_repeat_its_folder(path: Path) -> None:
    words = set(path.stem.split("_"))
    assert not words & {path.parent.name, path.parent.name.removesuffix("s")}


@pytest.mark.parametrize("folder", PACKAGES, ids=_name)
def test_a_folder_is_no_heap(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.stem != "__init__"]) <= MAX_MODULES


TESTED_BY = {
    "femo/demo/group.py": "tests/api/test_group_api.py",
    "femo/demo/video.py": "tests/api/test_video_api.py",
    "femo/training/faces/recipe.py": "tests/femo/training/faces/test_presets.py",
    "leaderboard/page/layout.py": "tests/leaderboard/page/test_events.py",
    "leaderboard/page/tab.py": "tests/leaderboard/page/test_api.py",
}
"""Modules that one neighbour's test holds as well as a test of their own name would, and which."""
NAMES_ALONE = ("femo/errors.py", "femo/labels.py")
"""Modules that hold names and no function."""


@pytest.mark.parametrize("path", [path for path in MODULES if not path.stem.startswith("__")], ids=_name)
def test_a_module_has_a_test_of_its_name(path: Path) -> None:
    name = _name(path)
    own = ROOT / "tests" / Path(name).with_name(f"test_{path.name}")
    if name in TESTED_BY:
        assert not own.is_file(), f"{name} has a test of its name now: take it out of TESTED_BY"
        assert "def test_" in (ROOT / TESTED_BY[name]).read_text(encoding="utf-8")
    elif name in NAMES_ALONE:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    else:
        assert own.is_file(), f"no test of {name}: write {_name(own)}, or name in TESTED_BY the file that tests it"


def test_every_table_and_picture_beside_the_code_is_packaged() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    for path in (*(ROOT / "femo").rglob("*.csv"), *(ROOT / "femo" / "training").rglob("*.png")):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        assert f"*{path.suffix}" in listed.get(package, []), f"add {path.name} to the package-data of {package}"


def test_the_tables_of_tests_name_modules_in_their_order() -> None:
    for table in (list(TESTED_BY), list(NAMES_ALONE)):
        assert table == sorted(table)
        assert set(table) <= {_name(path) for path in MODULES}


@pytest.mark.parametrize("package", ["femo", "leaderboard"])
def test_the_picture_is_the_contract(package: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers" and package in c["name"])
    pictures = re.findall(
        r"```mermaid\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL
    )
    drawn = next(picture for picture in pictures if f"subgraph {package}" in picture)
    assert re.findall(r'^ *row\d+\["([^"<]+)', drawn, re.MULTILINE) == [
        layer.replace(f"{package}.", "") for layer in layers
    ]


def test_every_arrow_of_the_star_is_an_import() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    star = next(p for p in re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL) if "flowchart LR" in p)
    drawn = {f"femo.{name}" for name in re.findall(r'\["([a-z][\w.]+)"\]', star)}
    tree = ast.parse((ROOT / "femo/pipeline.py").read_text(encoding="utf-8"))
    assert len(drawn) >= 10
    assert drawn <= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


OPENS_CONTAINERS = {
    "femo/media/containers.py": "r",  # the guarded door: no protocol, no name, so a playlist opens no other file
    "femo/media/animations.py": "w",
    "femo/output/export/video.py": "w",
}


def test_every_container_is_opened_through_one_door() -> None:
    """A clip is a stranger's: FFmpeg would follow what a playlist names. Whoever reads calls ``open_container``."""
    found: dict[str, list[object]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "av":
                assert not {alias.name for alias in node.names} & {"open", "container"}, _name(path)
            if isinstance(node, ast.Attribute) and node.attr == "VideoCapture":
                raise AssertionError(f"{_name(path)} opens videos with OpenCV")
            opens = (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "open"
            )
            if opens and "av" in ast.unparse(node.func.value).split("."):
                found.setdefault(_name(path), []).append(node.args[1].value if len(node.args) > 1 else None)
    assert found == {name: [mode] for name, mode in OPENS_CONTAINERS.items()}


def test_import_rules_of_pyproject_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_importing_femo_is_light_and_quick() -> None:
    code = (
        "import time; start = time.perf_counter(); import femo; spent = time.perf_counter() - start\n"
        "import sys, json; print(json.dumps({'spent': spent, 'heavy': sorted({'torch', 'gradio', 'openvino', 'pandas',"
        " 'timm', 'cv2', 'plotly', 'sklearn'} & set(sys.modules))}))"
    )
    runs = [json.loads(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT)) for _ in range(3)]
    assert runs[0]["heavy"] == []
    assert min(run["spent"] for run in runs) < 0.3


def test_help_of_the_command_loads_no_torch() -> None:
    code = (
        "import sys\nfrom femo.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as done:\n    status = done.code\n"
        "assert status == 0, status\nassert 'torch' not in sys.modules and 'gradio' not in sys.modules"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    assert time.perf_counter() - start < 20


FOLDERS = sorted(path for path in (ROOT / "models").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_model_folder_is_whole(folder: Path) -> None:
    from femo.models.config import read_spec

    spec = read_spec(folder)
    assert spec.name == folder.name
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"# {folder.name}" in card
    assert spec.licence
    assert spec.citation
    for file in spec.files:
        assert (folder / file.name).stat().st_size == file.size
    for head in spec.heads:
        assert head.citation, f"{folder.name}: head {head.name} does not say where it comes from"


def test_embedded_model_is_small_enough_to_ship() -> None:
    assert (ROOT / "models/femo-base/weights.safetensors").stat().st_size < 10_000_000


def test_the_project_names_no_machine_of_its_makers() -> None:
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    texts = [ROOT / name for name in listed if Path(name).suffix in {".py", ".md", ".toml", ".txt", ".json", ""}]
    wrong = [
        str(path.relative_to(ROOT))
        for path in texts
        if path.is_file()
        and path != Path(__file__)
        and ("/work/" + "main" in path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert wrong == []
