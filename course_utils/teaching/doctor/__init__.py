"""Find what happened to a hand-in on its way, and mend it against the release.

    known = Known.of(notebooks)                 # language -> released notebook
    matches = match(notebook.cells, known)      # which released cell is each of them?
    findings = mend(notebook, known, "ru")      # put right what stands between it and a mark

`matching` and `mending` are what grading does too (`teaching.restore`), so that a mended
notebook and a damaged one earn the same. `examine` adds what a file can suffer: encodings,
formats, scripts in place of notebooks. Students' lines are never changed, dropped or reordered.
"""
