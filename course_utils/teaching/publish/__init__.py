"""The student edition: what students get as a repository of its own, and nothing else.

edition       which files it has, and what stands in them
documents     README, pyproject.toml, environment.yml: written for students
leaks         nothing of the solutions, marking guides and instructor's tools is in it
own_checks    the released answers fail their own checks
destination   writing it, again and again, without losing what others put there
command       `course publish`
"""
