"""`course report`: the class's work on one assignment, on one HTML page for the instructor.

gather    what is known of the class, out of the gradebook and the judged notebooks
page      the page: render(gathered)
"""
