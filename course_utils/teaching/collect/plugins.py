"""`nbgrader zip_collect` with the same safety and the same rules for names.

    c.ZipCollectApp.extractor_plugin = "course_utils.teaching.collect.plugins.SafeExtractor"
    c.ZipCollectApp.collector_plugin = "course_utils.teaching.collect.plugins.NameCollector"

What `course collect` does beyond that (earlier tries, other assignments, going on after a bad
file) has no place in zip_collect: of several tries it takes the one with the latest time.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from course_utils.teaching import config
from course_utils.teaching.collect.archives import members
from course_utils.teaching.collect.kinds import Refused, bare
from course_utils.teaching.collect.names import claim
from course_utils.teaching.collect.roster import Roster, read_roster
from course_utils.teaching.collect.times import written
from course_utils.teaching.errors import CourseError

__all__ = ["NameCollector", "SafeExtractor"]


class SafeExtractor(ExtractorPlugin):
    """Writes only what may be a notebook, under names that stay in the folder."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        for path in sorted(Path(archive_path).iterdir()):
            if path.name.startswith("."):
                continue
            for found in members(path):
                name = "/".join(found.parts)
                if isinstance(found, Refused):
                    self.log.warning("Not extracted: %s: %s", name, found.reason)
                    continue
                name = bare(found.parts[-1]).lower()
                if name.endswith((".json", "timestamp.txt")):
                    continue
                target = self._place(Path(extracted_path), found.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(found.data)
                if found.time:
                    os.utime(target, (found.time.timestamp(),) * 2)

    def _place(self, folder: Path, parts: tuple[str, ...]) -> Path:
        """A path inside the folder that no other member has."""
        safe = [re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", part) for part in parts]
        name = re.sub(r"(\.ipynb(\.\w{1,8})?)?$", ".ipynb", bare(safe[-1]), count=1, flags=re.I)
        target, number = folder.joinpath(*safe[:-1], name), 0
        while target.exists():
            number += 1
            target = folder.joinpath(*safe[:-1], f"{number}", name)
        return target


class NameCollector(FileNameCollectorPlugin):
    """The student by `named_regexp`, else by the names of all LMSs and the roster.

    Every notebook is collected under the assignment's own name, whatever a copy is called.
    """

    def collect(self, submitted_file: str) -> dict | None:
        try:
            return self._collected(submitted_file)
        except CourseError as error:  # of course.toml or roster.csv
            self.parent.fail("%s", error)

    def _collected(self, submitted_file: str) -> dict | None:
        path = Path(submitted_file)
        if path.suffix.lower() not in self.valid_ext:
            return None
        assignment = self.parent.coursedir.assignment_id
        root = Path(self.parent.coursedir.root)
        extracted = Path(self.parent._format_collect_path(self.parent.extracted_directory))
        parts = path.relative_to(extracted).parts
        match = re.match(self.named_regexp, submitted_file) if self.named_regexp else None
        if match and match.groupdict().get("student_id"):
            found = {"student_id": match["student_id"]}
        else:
            words = [assignment, *config.load(root).assignment(assignment).title.values()]
            who = self._roster(root).who(claim(parts, words))
            if not who.id:
                self.log.warning("Not collected: %s: %s", path, who.doubt)
                return None
            found = {"student_id": who.id}
        time = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return found | {"file_id": f"{assignment}.ipynb", "timestamp": written(time)}

    def _roster(self, root: Path) -> Roster:
        path = root / "roster.csv"
        if not hasattr(self, "_known"):
            self._known = read_roster(path) if path.is_file() else Roster()
        return self._known
