"""Programming languages: what a file name says, and how a program is parsed."""
