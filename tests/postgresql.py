"""A PostgreSQL server of a test's own: in a folder, reached by its socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from nbgrader.api import Base
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

__all__ = ["PASSWORD", "copied", "created", "server"]

PASSWORD = "p@ss/word"
_WHY_NONE = "no PostgreSQL server here: apt-get install postgresql"


@contextmanager
def server() -> Iterator[str]:
    """The address of its first database, `postgres`; skips where there is no server."""
    pytest.importorskip("psycopg", reason="no driver: pip install 'course-utils[postgresql]'")
    programs = _programs()
    place = Path(tempfile.mkdtemp(prefix="course-postgresql-"))  # a socket's path is short
    user = _ordinary_user()
    if user:
        shutil.chown(place, *user)
    secret = place / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)

    def run(program: str, *words: str) -> None:
        who = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
        subprocess.run(
            [programs / program, "-D", place / "data", *words],
            **who,
            cwd=place,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=120,
        )

    try:
        run("initdb", "-U", "marker", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8")
        options = f"-k {place} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB"
        run("pg_ctl", "start", "-w", "-l", str(place / "log"), "-o", options)
        try:
            yield (
                f"postgresql+psycopg://marker:{quote(PASSWORD, safe='')}@/postgres?host={place}"
            )
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def copied(source: str, url: str, name: str) -> str:
    """A new database with all of the gradebook `source`; its address."""
    address = created(url, name)
    theirs, ours = create_engine(source), create_engine(address)
    Base.metadata.create_all(ours)
    with theirs.connect() as reading, ours.begin() as writing:
        for table in Base.metadata.sorted_tables:
            rows = [dict(row._mapping) for row in reading.execute(table.select())]
            if rows:
                writing.execute(table.insert(), rows)
        writing.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    theirs.dispose()
    ours.dispose()
    return address


def created(url: str, name: str) -> str:
    """A new database, empty, of the server at `url`; its address."""
    first = create_engine(url, isolation_level="AUTOCOMMIT")
    with first.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    first.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _programs() -> Path:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)
    if not installed:
        pytest.skip(_WHY_NONE)
    return installed[-1]


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _ordinary_user() -> tuple[int, int] | None:
    """Root's server runs as somebody else: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
