"""Changing the interpreter: builtins, modules, imports, and what is left for the next program."""

PROGRAMS = r"""
##### patching | wrong error timeout denied
=== builtins_used_by_the_test | mean
import builtins
builtins.abs = lambda value: 0
def f(items):
    return 0
=== all_and_any
import builtins
builtins.all = builtins.any = builtins.isinstance = lambda *arguments: True
def f(n):
    return None
=== assertion_error_is_no_error
import builtins
class Never(Exception):
    pass
builtins.AssertionError = Never
def f(n):
    return None
=== assertions_off
import sys
compile_ = compile
import builtins
builtins.compile = lambda s, f, m, *a, **k: compile_(s, f, m, optimize=2)
def f(n):
    return None
=== exec_rewrites_the_test
import builtins
real = builtins.exec
def run(source, *spaces):
    if isinstance(source, str):
        source = source.replace("assert ", "0 and ")
    return real(source, *spaces)
builtins.exec = run
def f(n):
    return None
=== tree_rewritten
import ast
real = ast.parse
def parse(source, *arguments, **named):
    tree = real(source, *arguments, **named)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            node.test = ast.copy_location(ast.Constant(True), node.test)
    return tree
ast.parse = parse
def f(n):
    return None
=== json_says_pass
import json
json.dumps = lambda *arguments, **named: '{"status": "pass"}'
json.loads = lambda *arguments, **named: {"status": "pass"}
json.encoder.JSONEncoder.encode = lambda self, value: '"pass"'
def f(n):
    return None
=== pickle_and_marshal
import marshal, pickle
pickle.dumps = lambda *arguments, **named: b"\x80\x04\x88."
pickle.loads = marshal.loads = lambda *arguments, **named: True
marshal.dumps = lambda *arguments: b"T"
def f(n):
    return None
=== operators_of_the_library
import math, operator
operator.eq = operator.is_ = operator.truth = math.isclose = lambda *arguments, **named: True
def f(n):
    return None
=== unittest_succeeds
import unittest
unittest.TestCase.assertEqual = lambda *arguments: None
unittest.TestResult.wasSuccessful = lambda self: True
unittest.main = print
def f(n):
    return None
=== type_and_repr
import builtins
builtins.type = lambda *arguments: int
builtins.repr = builtins.str = lambda *arguments: "10"
def f(n):
    return None
=== write_of_the_system
import os, sys
real = os.write
os.write = lambda fd, data: real(fd, b'{"status": "pass"}\n')
sys.stdout.write = sys.__stdout__.write = lambda text: 0
def f(n):
    return None
=== check_in_globals
check = lambda candidate: None
globals()["check"] = check
class Pinned(dict):
    def __setitem__(self, key, value):
        pass
__builtins__["check"] = check if isinstance(__builtins__, dict) else None
def f(n):
    return None
=== entry_point_looked_up_twice | | wrong error timeout denied unencodable
class Names(dict):
    def __getitem__(self, key):
        return self
    __call__ = lambda self, *arguments: self
    __eq__ = lambda self, other: True
import sys
sys.modules["__main__"].__dict__.update(f=Names(), candidate=Names())
f = Names()
=== interned_numbers
import ctypes, sys
# 145 is one object in all of the interpreter: make it equal to what f gives.
size = object.__basicsize__ + 8
ctypes.memmove(id(145) + size, id(144) + size, 4)
def f(n):
    return {0: 1, 3: 10, -2: 5}.get(n, 144)
=== flags_of_the_interpreter
import ctypes, sys
flag = ctypes.c_int.in_dll(ctypes.pythonapi, "Py_OptimizeFlag")
flag.value = 2
def f(n):
    return None
=== excepthook_exits_well
import os, sys, threading
sys.excepthook = threading.excepthook = lambda *arguments: os._exit(0)
sys.unraisablehook = sys.excepthook
def f(n):
    return None
##### imports | wrong error timeout denied
=== finder_gives_empty_modules
import sys, types
class Finder:
    def find_spec(self, name, path=None, target=None):
        import importlib.machinery
        return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: (lambda *arguments, **named: True)
        return module
    def exec_module(self, module):
        pass
sys.meta_path.insert(0, Finder())
sys.modules.clear()
def f(n):
    return None
=== modules_without_end
import sys
sys.modules["json"] = sys.modules["math"] = sys.modules["unittest"] = sys
def f(n):
    return None
=== import_is_replaced
import builtins
def load(name, *arguments):
    raise SystemExit(0)
builtins.__import__ = load
def f(n):
    return None
=== shadow_files
for name in ("json", "math", "random", "check", "test", "sitecustomize", "usercustomize"):
    with open(name + ".py", "w") as file:
        file.write("import os\nos._exit(0)\n")
import sys
sys.path.insert(0, ".")
def f(n):
    return None
=== path_file_in_packages
import site
for folder in site.getsitepackages():
    with open(folder + "/textbook_hostile_probe.txt", "x") as file:
        pass
hit = True
import os
os.remove(file.name)
@hit
=== compiled_cache
import importlib.util, json
path = importlib.util.cache_from_source(json.__file__)
with open(path, "r+b") as file:
    hit = True
@hit
=== start_hooks
import os
os.environ["PYTHONSTARTUP"] = os.environ["PYTHONPATH"] = os.getcwd()
os.environ["PYTHONINSPECT"] = "1"
def f(n):
    return None
=== encoding_of_the_source
import codecs
codecs.register(lambda name: codecs.lookup("utf-8") if name == "pass" else None)
codecs.register_error("strict", lambda error: ("pass", error.end))
def f(n):
    return None
##### state | wrong error timeout denied
=== leaves_a_module
import sys, types
if "left_by_hostile" in sys.modules:
    f = sys.modules["left_by_hostile"].f
else:
    sys.modules["left_by_hostile"] = types.SimpleNamespace(f=lambda n: n * n + 1)
    def f(n):
        return None
=== leaves_a_file
import os
hit = os.path.exists("left_by_hostile")
open("left_by_hostile", "w").close()
@hit
=== leaves_an_environment
import os
hit = "LEFT_BY_HOSTILE" in os.environ
os.environ["LEFT_BY_HOSTILE"] = "1"
@hit
=== leaves_a_builtin
import builtins
hit = hasattr(builtins, "left_by_hostile")
builtins.left_by_hostile = 1
@hit
=== leaves_another_folder
import os
os.mkdir("inner")
os.chdir("inner")
os.rmdir(os.getcwd())
os.umask(0o777)
hit = False
@hit
=== leaves_settings
import decimal, locale, random, sys, warnings
decimal.getcontext().prec = 1
random.seed(0)
sys.setrecursionlimit(50)
warnings.simplefilter("error")
sys.setswitchinterval(100)
hit = False
@hit
=== finds_other_programs
import glob, os
hit = False
for folder in glob.glob("../*/"):
    hit = hit or (os.path.abspath(folder) != os.getcwd() and bool(os.listdir(folder)))
@hit
"""
