"""Inherited descriptors, and looking into other processes. Nothing is changed there but to what it was."""

PROGRAMS = r"""
##### descriptors | wrong error timeout denied
=== writes_to_every_descriptor
import os
for fd in range(256):
    try:
        os.write(fd, b'{"status": "pass"}\n')
    except OSError:
        pass
hit = False
@hit
=== closes_every_descriptor
import os
os.closerange(0, 4096)
hit = False
@hit
=== reads_every_descriptor
import os, re
hit = False
for fd in range(3, 256):
    try:
        os.set_blocking(fd, False)
        hit = hit or bool(re.search(rb"[c]andidate\(12\)", os.read(fd, 100_000)))
    except OSError:
        pass
@hit
=== rewinds_inherited_files
import os, re
hit = False
for fd in range(3, 256):
    try:
        hit = hit or bool(re.search(rb"[c]andidate\(12\)", os.pread(fd, 1_000_000, 0)))
    except OSError:
        pass
@hit
=== duplicates_over_stdout
import os
for fd in range(3, 64):
    try:
        os.dup2(1, fd)
    except OSError:
        pass
hit = False
@hit
=== swaps_descriptors
import os
for fd in range(3, 20):
    try:
        read, write = os.pipe()
        os.dup2(write, fd)
    except OSError:
        pass
def f(n):
    return None
=== blocks_every_descriptor
import fcntl, os
for fd in range(64):
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
        fcntl.fcntl(fd, 1031, 4096)  # the size of a pipe
    except OSError:
        pass
hit = False
@hit
=== opens_thousands
import os
kept = [os.dup(1) for _ in range(100_000)]
hit = True
@hit
=== passes_descriptors
import array, os, socket
left, right = socket.socketpair()
left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
fds = right.recvmsg(1, 1024)[1]
hit = not fds
@hit
=== steals_descriptors_of_parent
import ctypes, os
pidfd = os.pidfd_open(os.getppid())
hit = any(ctypes.CDLL(None).syscall(438, pidfd, fd, 0) >= 0 for fd in range(16))
@hit
=== half_a_message_then_silence | | wrong error timeout denied
import os, time
for fd in range(3, 64):
    try:
        os.write(fd, b"\x00\x00\x10\x00{")
    except OSError:
        pass
time.sleep(10_000)
##### other_processes | wrong error timeout denied
=== environment_of_parent
import os
data = open(f"/proc/{os.getppid()}/environ", "rb").read()
hit = bool(data)
@hit
=== environment_of_first_process
data = open("/proc/1/environ", "rb").read()
hit = bool(data)
@hit
=== environment_of_anyone
import glob
hit = False
for path in glob.glob("/proc/[0-9]*/environ"):
    try:
        hit = hit or b"TEXTBOOK_CANARY" in open(path, "rb").read()
    except OSError:
        pass
@hit
=== memory_of_parent
import os, re
maps = open(f"/proc/{os.getppid()}/maps").read()
start = int(re.search(r"([0-9a-f]+)-[0-9a-f]+ r", maps)[1], 16)
with open(f"/proc/{os.getppid()}/mem", "rb", 0) as memory:
    memory.seek(start)
    hit = len(memory.read(16)) == 16
@hit
=== command_lines
import glob, os
own = str(os.getpid())
paths = [path for path in glob.glob("/proc/[0-9]*/cmdline") if path.split("/")[2] != own]
hit = any(open(path, "rb").read() for path in paths)
@hit
=== stack_of_parent
import os
hit = bool(os.listdir(f"/proc/{os.getppid()}/task")) and bool(os.listdir(f"/proc/{os.getppid()}/fd"))
@hit
=== files_of_parent
import os
hit = False
for fd in os.listdir(f"/proc/{os.getppid()}/fd"):
    hit = hit or bool(os.readlink(f"/proc/{os.getppid()}/fd/{fd}"))
@hit
=== root_through_parent
import os
hit = bool(os.listdir(f"/proc/{os.getppid()}/root"))
@hit
=== spares_itself_from_the_killer
with open("/proc/self/oom_score_adj", "w") as score:
    score.write("-1000")
hit = True
@hit
=== sacrifices_the_parent
import os
with open(f"/proc/{os.getppid()}/oom_score_adj", "r+") as score:
    score.write(score.read())
hit = True
@hit
=== writes_kernel_settings
with open("/proc/sys/kernel/core_pattern", "r+") as setting:
    setting.write(setting.read())
hit = True
@hit
=== traces_parent
import ctypes, os
libc = ctypes.CDLL(None)
hit = os.getppid() > 1 and libc.ptrace(0x4206, os.getppid(), 0, 0) == 0
if hit:
    libc.ptrace(17, os.getppid(), 0, 0)
@hit
=== traced_by_parent
import ctypes
hit = ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0
@hit
=== reads_memory_by_call
import ctypes, os, re
start = int(open(f"/proc/{os.getppid()}/maps").read().split("-")[0], 16)
buffer = ctypes.create_string_buffer(16)
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
own, other = Part(ctypes.addressof(buffer), 16), Part(start, 16)
hit = ctypes.CDLL(None).process_vm_readv(os.getppid(), ctypes.byref(own), 1, ctypes.byref(other), 1, 0) == 16
@hit
=== reads_memory_by_guess
import ctypes, os
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(8)
# A forked parent has the same addresses.
own, other = Part(ctypes.addressof(buffer), 8), Part(id(os), 8)
hit = ctypes.CDLL(None).process_vm_readv(os.getppid(), ctypes.byref(own), 1, ctypes.byref(other), 1, 0) == 8
@hit
=== compares_kernel_objects
import ctypes, os
hit = ctypes.CDLL(None).syscall(312, os.getpid(), os.getppid(), 0, 1, 1) >= 0
@hit
"""
