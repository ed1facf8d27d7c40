"""All that is an assignment's own, one folder each.

    exercises       its exercises, in the notebook's order; a module each, with cases and bans
    *_mistakes      the known wrong answers to one, each with the sentence that names it
    model_answers   the right ones, imported only where one judges
    probes          what asks the student's function, and runs in the student's kernel
    right_styles    right answers as other people write them: of the demo, and no student's
    demo_class      who hands in what in the demo

A kernel that grades is shown the probes and nothing else of a folder: the exercises come
close to the answers. So probes know no answer, and a folder's package imports nothing.
"""
