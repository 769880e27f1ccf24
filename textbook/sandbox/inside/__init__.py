"""What runs inside a worker: a fresh interpreter that imports nothing of `textbook` but this folder.

`supervisor` is trusted and never runs a program; it talks to two `zygote`s, which fork a process per program or test.
Nothing here may import from outside this folder, except the standard library.
"""
