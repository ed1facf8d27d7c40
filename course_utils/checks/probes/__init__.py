"""Probes that need more than one call on the inputs. They know no answer.

They stand apart from the exercises: a kernel that grades can be shown this package without
`checks.assignments`, whose catalogues of mistakes come close to the answers.
"""
