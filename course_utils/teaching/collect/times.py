"""When something was handed in: zip entries, timestamp.txt, and which of two tries is later."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.utils import parse_utc

__all__ = ["WrongTime", "parsed", "read_timestamp", "written"]

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class WrongTime(ValueError):
    """A timestamp that is none. text: what stands there."""

    text: str


def parsed(text: str, now: datetime | None = None) -> datetime:
    """The time, in UTC, of a timestamp as nbgrader writes it ("2024-05-01 10:00:00 UTC").

    Raises WrongTime for what is no time, lies more than a day ahead or before 2000.
    """
    now = now or datetime.now(UTC)
    try:
        time = parse_utc(text.strip()).replace(tzinfo=UTC)  # nbgrader's are UTC without saying
    except Exception as error:  # dateutil raises whatever it stumbles on
        raise WrongTime(text[:80]) from error
    if not _EARLIEST <= time <= now + timedelta(days=1):
        raise WrongTime(text[:80])
    return time


def written(time: datetime) -> str:
    """The time as timestamp.txt holds it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"


def read_timestamp(folder: Path) -> datetime | None:
    """The time in the folder's timestamp.txt, None without one. Raises WrongTime."""
    try:
        text = (folder / "timestamp.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return parsed(text)
