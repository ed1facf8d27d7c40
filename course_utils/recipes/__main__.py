"""python -m course_utils.recipes NAME --data voc"""

import sys

from course_utils.recipes.command import main

if __name__ == "__main__":
    sys.exit(main())
