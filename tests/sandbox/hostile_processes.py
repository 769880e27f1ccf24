"""Too many processes, ones that outlive the program, and signals.

What a program leaves behind is for the caller to see: one that only starts children answers wrong. Children sleep at
most half a minute; signals to others are signal 0, which harms nobody and shows that a real one would arrive. A sandbox
that gives programs an init of their own should expect signal 0 to reach it.
"""

PROGRAMS = r"""
##### processes | wrong error timeout memory denied
=== fork_bomb
import os, time
for _ in range(200):
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
hit = True
@hit
=== fork_bomb_doubling
import os, time
parent = os.getpid()
for _ in range(7):
    os.fork()
if os.getpid() != parent:
    time.sleep(20)
    os._exit(0)
hit = True
@hit
=== fork_in_every_call
import os, time
def f(n):
    for _ in range(40):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
    return n * n + 1
=== fork_and_both_answer
import os
def f(n):
    return n * n + 1 if os.fork() == 0 else 0
=== child_answers_parent_dies
import os
if os.fork():
    os._exit(0)
hit = True
@hit
=== posix_spawn
import os, sys
pid = os.posix_spawn(sys.executable, [sys.executable, "-c", "import time; time.sleep(20)"], {})
hit = False
@hit
=== multiprocessing_pool
import multiprocessing, time
with multiprocessing.get_context("fork").Pool(20) as pool:
    hit = sum(pool.map(abs, range(40))) < 0
@hit
=== process_pool_executor
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(10) as pool:
    hit = list(pool.map(abs, [-1])) == [2]
@hit
=== pseudo_terminal_fork
import os, time
pid, fd = os.forkpty()
if pid == 0:
    time.sleep(20)
    os._exit(0)
hit = False
@hit
=== raw_clone
import ctypes, os, platform, time
number = 56 if platform.machine() == "x86_64" else 220
pid = ctypes.CDLL(None).syscall(number, 17, 0, 0, 0, 0)
if pid == 0:
    time.sleep(20)
    os._exit(0)
hit = False
@hit
=== zombies
import os
for _ in range(300):
    if os.fork() == 0:
        os._exit(0)
hit = True
@hit
=== stopped_child
import os, signal
if os.fork() == 0:
    signal.alarm(30)
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
hit = False
@hit
=== new_namespaces
import ctypes
hit = ctypes.CDLL(None).unshare(0x10000000 | 0x00020000) == 0
@hit
##### daemons | wrong error timeout memory denied
=== double_fork_setsid
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(25)
    os._exit(0)
os.wait()
hit = False
@hit
=== daemon_ignores_signals
import os, signal, time
if os.fork() == 0:
    os.setsid()
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    time.sleep(25)
    os._exit(0)
hit = False
@hit
=== child_keeps_the_pipe_open
import os, time
if os.fork() == 0:
    time.sleep(25)
    os._exit(0)
os._exit(0)
=== child_in_own_group
import os, time
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    time.sleep(25)
    os._exit(0)
hit = False
@hit
=== fork_chain
import os, time
parent, end = os.getpid(), time.time() + 10
if os.fork() == 0:
    while time.time() < end:  # always one process ahead of who kills it
        if os.fork():
            os._exit(0)
        time.sleep(0.01)
    os._exit(0)
hit = False
@hit
=== shell_in_background
import os
hit = os.system("(setsid sleep 25 >/dev/null 2>&1 &)") == -1
@hit
=== adopts_orphans
import ctypes, os, time
hit = ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) > 0
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(25)
    os._exit(0)
@hit
=== changes_files_after_the_verdict
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(3)
    open("written_after_the_verdict", "w").close()
    os._exit(0)
hit = False
@hit
=== child_holds_a_lock
import fcntl, os, time
handle = open("lock", "w")
fcntl.flock(handle, fcntl.LOCK_EX)
if os.fork() == 0:
    time.sleep(25)
    os._exit(0)
hit = False
@hit
##### signals | wrong error timeout denied
=== signal_parent
import os
hit = os.getppid() > 1 and os.kill(os.getppid(), 0) is None
@hit
=== signal_parent_through_posix
import posix
def f(n):
    if posix.getppid() < 2:
        return None
    posix.kill(posix.getppid(), 0)
    return n * n + 1
=== signal_everyone
import os
os.kill(-1, 0)
hit = True
@hit
=== signal_siblings
import os
own, hit = os.getpid(), False
for pid in [*range(own - 40, own), *range(own + 1, own + 40)]:
    try:
        os.kill(pid, 0)
        hit = True
    except OSError:
        pass
@hit
=== signal_group_of_parent
import os
group = os.getpgid(os.getppid())
hit = group not in (0, 1, os.getpgrp()) and os.killpg(group, 0) is None
@hit
=== tgkill_parent
import ctypes, os, platform
number = 234 if platform.machine() == "x86_64" else 131
parent = os.getppid()
hit = parent > 1 and ctypes.CDLL(None).syscall(number, parent, parent, 0) == 0
@hit
=== pidfd_of_parent
import os, signal
fd = os.pidfd_open(os.getppid())
signal.pidfd_send_signal(fd, 0)
hit = os.getppid() > 1
@hit
=== signal_by_file_owner
import fcntl, os, signal
read, write = os.pipe()
fcntl.fcntl(read, fcntl.F_SETOWN, os.getppid())
fcntl.fcntl(read, 10, signal.SIGWINCH)  # F_SETSIG; one that is ignored, in place of SIGKILL
fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC)
os.write(write, b"x")
hit = False
@hit
=== queue_signal_to_parent
import ctypes, os
class Value(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("pointer", ctypes.c_void_p)]
hit = os.getppid() > 1 and ctypes.CDLL(None).sigqueue(os.getppid(), 0, Value(0)) == 0
@hit
=== stop_oneself | | timeout error wrong denied
import os, signal
def f(n):
    os.kill(os.getpid(), signal.SIGSTOP)
=== kill_oneself | | error timeout denied wrong memory
import os, signal
def f(n):
    os.kill(os.getpid(), signal.SIGKILL)
=== kill_own_group | | error timeout denied wrong
import os, signal
os.setpgid(0, 0)
def f(n):
    os.killpg(os.getpgrp(), signal.SIGKILL)
=== renice_parent
import os
hit = os.getppid() > 1 and os.setpriority(os.PRIO_PROCESS, os.getppid(), os.getpriority(0, os.getppid())) is None
@hit
=== affinity_of_parent
import os
hit = os.getppid() > 1 and os.sched_setaffinity(os.getppid(), os.sched_getaffinity(os.getppid())) is None
@hit
"""
