"""Sphinx's configuration of the site. `course site` calls Sphinx, once for each language.

From the environment: SITE_LANGUAGE, and SITE_PAGES, a JSON object language -> its documents.
"""

import json
import os
from pathlib import Path

from course_utils import __version__
from course_utils.teaching.config import find_root, load

course = load(find_root(Path(__file__).parent))
language = os.environ["SITE_LANGUAGE"]
course_pages = json.loads(os.environ["SITE_PAGES"])

project = course.title[language]
html_title = project
author = project
release = version = __version__
copyright = {
    "ru": "BSD 3-Clause (код), CC BY 4.0 (тексты и рисунки)",
    "en": "BSD 3-Clause (code), CC BY 4.0 (texts and figures)",
}[language]
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "course_utils.teaching.site.extension",
]

# Notebooks come with the outputs that the build gave them; nothing runs here.
nb_execution_mode = "off"
nb_render_text_lexer = "text"
nb_code_prompt_show = {"ru": "Показать код", "en": "Show the code"}[language]
nb_code_prompt_hide = {"ru": "Скрыть код", "en": "Hide the code"}[language]
myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

autodoc_inherit_docstrings = False  # what torch says of forward() is written for torch
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "sphinx_book_theme"
html_math_renderer = "mathml"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_logo = None
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
html_use_index = language == "en"
html_domain_indices = False
html_theme_options = {
    "home_page_in_toc": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "repository_url": f"https://github.com/{course.repository}",
    "use_repository_button": True,
    "search_bar_text": {"ru": "Искать…", "en": "Search…"}[language],
    "navbar_persistent": [],  # the search stands in the sidebar and in the article's header
    "article_header_end": ["language-switch.html", "article-header-buttons.html"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "show_toc_level": 2,
    "show_navbar_depth": 1,
    "max_navbar_depth": 2,
}
