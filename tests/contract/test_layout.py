"""operator/ stays a folder: a package or a test in it would replace Python's own `operator`."""

from tools.crd import REPOSITORY


def test_operator_is_a_folder_and_no_package() -> None:
    found = {
        path.relative_to(REPOSITORY).as_posix()
        for pattern in ("__init__.py", "**/conftest.py", "**/test_*.py")
        for path in (REPOSITORY / "operator").glob(pattern)
    }
    assert not found, f"move {sorted(found)}: tests belong into tests/, the package into src/"


def test_no_test_folder_is_called_operator() -> None:
    found = [path for path in (REPOSITORY / "tests").rglob("operator") if path.is_dir()]

    assert not found, "pytest would import it in place of Python's own module"
