"""What instructors work with: building, publishing, collecting and grading."""

import sys

# nbformat imports jsonschema, and that, where it finds it, a parser of international web
# addresses that takes 2 s to build, in every program anew. No notebook's schema asks for it.
sys.modules.setdefault("rfc3987_syntax", None)
