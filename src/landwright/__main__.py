"""``python -m landwright``."""

from landwright.cli.main import main

main()
