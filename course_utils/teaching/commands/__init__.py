"""What is typed behind `course`: a module a command, with options and exit codes."""
