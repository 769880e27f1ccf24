"""Threads, disk (512 MB or 20,000 files at most, if nobody stops it), output, and limits."""

PROGRAMS = r"""
##### threads | timeout error wrong memory denied
=== thousands
import threading, time
for _ in range(5_000):
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
hit = True
@hit
=== spinning_after_the_answer
import threading
def spin():
    while True:
        pass
for _ in range(16):
    threading.Thread(target=spin, daemon=True).start()
hit = False
@hit
=== lingering
import threading, time
threading.Thread(target=time.sleep, args=(10_000,)).start()
hit = False
@hit
=== raw_threads
import _thread, time
def again():
    try:
        _thread.start_new_thread(again, ())
    except RuntimeError:
        pass
    time.sleep(20)
_thread.start_new_thread(again, ())
time.sleep(2)
hit = False
@hit
=== watches_for_the_test
import sys, threading
found = []
def watch():
    for _ in range(10 ** 9):
        for frame in list(sys._current_frames().values()):
            if frame.f_code.co_name == "check":
                found.append(frame.f_code)
threading.Thread(target=watch, daemon=True).start()
def f(n):
    while not found:
        pass
    return n * n + 1
=== writes_while_the_answer_is_written
import os, threading
def write():
    while True:
        for fd in range(1, 16):
            try:
                os.write(fd, b"pass\n")
            except OSError:
                pass
threading.Thread(target=write, daemon=True).start()
hit = False
@hit
##### disk | error wrong timeout denied memory
=== fills
with open("filler", "wb") as file:
    for _ in range(512):
        file.write(bytes(1_000_000))
        file.flush()
hit = True
@hit
=== many_files
import os
os.mkdir("many")
for number in range(20_000):
    open(f"many/{number}", "w").close()
hit = False
@hit
=== deep_folders
import os
for _ in range(3_000):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
hit = False
@hit
=== sparse_file
with open("sparse", "wb") as file:
    file.truncate(1 << 42)
hit = True
@hit
=== reserved
import os
fd = os.open("reserved", os.O_CREAT | os.O_RDWR)
os.posix_fallocate(fd, 0, 512_000_000)
hit = True
@hit
=== many_descriptors_many_files
kept = [open(f"open{number}", "w") for number in range(20_000)]
hit = True
@hit
=== deleted_but_open
import os
fds = []
for number in range(64):
    fds.append(os.open(f"gone{number}", os.O_CREAT | os.O_RDWR))
    os.unlink(f"gone{number}")
    os.write(fds[-1], bytes(8_000_000))
hit = False
@hit
=== unremovable
import os
os.makedirs("a/b/c")
open("a/b/c/file", "w").close()
os.chmod("a/b", 0)
os.chmod("a", 0)
hit = False
@hit
=== names_that_are_no_text
import os
os.mkdir(b"\xff\xfe\n")
open(b"\xff\xfe\n/ \x01", "w").close()
open("-rf *", "w").close()
hit = False
@hit
##### output | wrong error timeout denied memory
=== endless
def f(n):
    while True:
        print("x" * 10_000)
=== endless_errors
import sys
def f(n):
    while True:
        sys.stderr.write("x" * 10_000)
=== endless_by_descriptor
import os
while True:
    os.write(1, b"\xff" * 65_536)
=== huge_message
def f(n):
    raise ValueError("x" * 500_000_000)
=== message_that_hangs
class Slow(Exception):
    def __str__(self):
        while True:
            pass
    __repr__ = __str__
def f(n):
    raise Slow
=== message_that_raises
class Bad(Exception):
    def __str__(self):
        raise self
    __repr__ = __str__
def f(n):
    raise Bad
=== traceback_without_end
def f(n):
    error = None
    for _ in range(100_000):
        new = ValueError("x")
        new.__cause__ = error
        error = new
    raise error
=== group_of_groups
def f(n):
    error = ValueError("x")
    for _ in range(2_000):
        error = ExceptionGroup("x", [error, error])
    raise error
=== controls_the_terminal
print("\x1b]0;pass\x07\x1b[2J\x1b[31m\rPASS\r\n" * 100)
hit = False
@hit
=== not_text
import sys
sys.stdout.buffer.write(bytes(range(256)) * 1_000)
print("\ud800".encode("utf-8", "surrogatepass"))
hit = False
@hit
##### limits | wrong error timeout memory denied
=== raises_its_own
import resource
for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):
    soft, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
hit = True
@hit
=== lowers_those_of_parent
import os, resource
hit = os.getppid() > 1
resource.prlimit(os.getppid(), resource.RLIMIT_CORE, resource.prlimit(os.getppid(), resource.RLIMIT_CORE))
@hit
=== becomes_root
import os
hit = os.getuid() != 0
os.setuid(0)
@hit
=== more_priority
import os
os.nice(-5)
hit = True
@hit
=== real_time
import os
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
hit = True
@hit
=== leaves_its_control_group
import glob, os
for path in glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True):
    with open(path, "w") as group:
        group.write(str(os.getpid()))
hit = bool(path)
@hit
=== turns_recursion_off | | error timeout memory wrong
import sys
sys.setrecursionlimit(1 << 30)
def f(n):
    return f(n + 1) + 1
=== locks_memory
import ctypes
hit = ctypes.CDLL(None).mlockall(3) == 0
@hit
"""
