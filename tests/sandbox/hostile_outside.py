"""Other programs, the network (this machine only), and shared memory."""

PROGRAMS = r"""
##### other_programs | wrong error denied timeout
=== shell
import os
hit = os.popen("echo out").read() == "out\n"
@hit
=== subprocess
import subprocess, sys
hit = subprocess.run(["/bin/sh", "-c", "exit 0"]).returncode == 0
@hit
=== becomes_true
import os
os.execv("/bin/true", ["true"])
=== becomes_another_python
import os, sys
def f(n):
    os.execv(sys.executable, [sys.executable, "-c", "print('pass')"])
=== file_of_its_own
import os
with open("tool", "w") as file:
    file.write("#!/bin/sh\nexit 0\n")
os.chmod("tool", 0o755)
hit = os.spawnl(os.P_WAIT, "./tool", "tool") == 0
@hit
=== program_without_a_file
import os, sys
fd = os.memfd_create("tool")
with open("/bin/true", "rb") as file:
    os.write(fd, file.read())
os.execve(fd, ["tool"], {})
=== loader_runs_it
import glob, os
loader = glob.glob("/lib*/ld-linux*")[0]
hit = os.spawnl(os.P_WAIT, loader, loader, "/bin/true") == 0
@hit
=== package_from_outside
import subprocess, sys
ran = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True)
hit = ran.returncode == 0
@hit
##### network | wrong error denied timeout
=== connects
import socket
try:
    socket.create_connection(("127.0.0.1", 9), timeout=2)
    hit = True
except ConnectionRefusedError:
    hit = True
@hit
=== sends_datagrams
import socket
hit = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)) == 1
@hit
=== listens
import socket
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
hit = server.getsockname()[1] > 0
@hit
=== listens_on_version_six
import socket
server = socket.socket(socket.AF_INET6)
server.bind(("::1", 0))
hit = True
@hit
=== sends_without_connecting
import socket
client = socket.socket()
try:
    client.sendto(b"x", 0x20000000, ("127.0.0.1", 9))  # MSG_FASTOPEN
    hit = True
except ConnectionRefusedError:
    hit = True
@hit
=== unix_socket_of_a_service
import glob, socket
hit = False
for path in ("/var/run/docker.sock", "/run/systemd/private", "/run/dbus/system_bus_socket", "/dev/log"):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        hit = True
    except OSError:
        pass
@hit
=== abstract_socket
import os, socket
server = socket.socket(socket.AF_UNIX)
server.bind(f"\0hostile-{os.getpid()}")
server.listen()
hit = True
@hit
=== raw_packets
import socket
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
hit = True
@hit
=== talks_to_the_kernel
import socket
link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
link.bind((0, 0))
hit = True
@hit
=== virtual_machine_socket
import socket
try:
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).connect((2, 9))
    hit = True
except (ConnectionRefusedError, ConnectionResetError, TimeoutError):
    hit = True
@hit
=== kernel_ciphers
import socket
server = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
server.bind(("hash", "sha256"))
hit = True
@hit
=== names
import socket
# What a resolver sends, to a resolver of this machine: a question carries data out.
question = b"\x00\x01\x01\x00\x00\x01" + bytes(6) + b"\x06secret\x07invalid\x00\x00\x01\x00\x01"
hit = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(question, ("127.0.0.53", 53)) > 0
@hit
=== loops_of_events
import asyncio
async def serve():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    return bool(server.sockets)
hit = asyncio.run(serve())
@hit
##### shared_memory | wrong error denied timeout memory
=== named_segment
from multiprocessing import shared_memory
segment = shared_memory.SharedMemory(name="hostile-left", create=True, size=4096)
segment.unlink()
hit = True
@hit
=== old_segment
import ctypes
libc = ctypes.CDLL(None)
number = libc.shmget(0x5EC2E7, 4096, 0o1600)
if number >= 0:
    libc.shmctl(number, 0, None)
hit = number >= 0
@hit
=== message_queue
import ctypes
libc = ctypes.CDLL(None)
number = libc.msgget(0x5EC2E7, 0o1600)
if number >= 0:
    libc.msgctl(number, 0, None)
hit = number >= 0
@hit
=== posix_queue
import ctypes
libc = ctypes.CDLL("librt.so.1")
hit = libc.mq_open(b"/hostile", 0o102, 0o600, None) >= 0
if hit:
    libc.mq_unlink(b"/hostile")
@hit
=== semaphores
import ctypes
libc = ctypes.CDLL(None)
number = libc.semget(0x5EC2E7, 1, 0o1600)
if number >= 0:
    libc.semctl(number, 0, 0)
hit = number >= 0
@hit
=== inherited_mappings
import re
hit = False
for line in open("/proc/self/maps"):
    span, rights, _, _, inode, *path = line.split()
    if rights == "rw-s":
        hit = True
@hit
"""
