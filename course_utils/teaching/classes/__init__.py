"""Who hands in what in the demo: a module an assignment, called as it is, with STUDENTS.

The class is one; an assignment need not have hand-ins of all. Whoever takes part in several is
the same person in each: number, names and language agree.
"""
