"""`python -m textbook`."""

from textbook.cli import main

main()
