"""python -m course_utils.recipes: see `command`."""

import sys

from course_utils.recipes.command import main

sys.exit(main())
