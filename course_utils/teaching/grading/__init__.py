"""Grading a class: a kit for the workers, a ledger of attempts, one writer to the gradebook.

kit       what a worker must know of an assignment, as data
worker    one hand-in, run and judged; knows no gradebook and no other hand-in
ledger    which hand-in got how far, durably
recorder  the one writer: autograded/ and the gradebook, by nbgrader's own steps
run       the class: `course grade`
places    where hand-ins are graded: pool, processes of this machine; cluster, Dask's workers
faults    whose fault it is that one could not be graded
processes what takes seconds to start, started while others import
"""

import sys

# jsonschema compiles a grammar for addresses as it is imported, in a second of each process;
# no schema of a notebook asks for it. None means to Python: not there.
sys.modules.setdefault("rfc3987_syntax", None)
