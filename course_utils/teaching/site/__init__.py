"""`course site`: the lectures as a static book in each language, with no network.

tree            lays out Sphinx's source folder of one language from what the build made
reading         a built notebook as a page: its badge, its figures' words, no dead widgets
papers, tasks   pages gathered from the lectures' closing lists and from the assignments
links           addresses inside the repository become addresses inside the site
formulas        TeX to MathML, so that no script draws formulas in the reader's browser
docstrings      the package's docstrings as reStructuredText
extension       what of this Sphinx has to be told
"""
