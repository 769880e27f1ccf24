"""More memory than is given (8 GiB at most, if nobody stops it), and more time."""

PROGRAMS = r"""
##### memory | memory error timeout denied
=== gradual
kept = [bytearray(b"x") * 1_000_000 for _ in range(8_000)]
def f(n):
    return len(kept)
=== one_huge_object
kept = bytearray(1 << 36)
def f(n):
    return len(kept)
=== list_doubling
def f(n):
    items = [n]
    while len(items) < 1 << 30:
        items += items
    return items
=== power
def f(n):
    return 10 ** (10 ** 10) % 7
=== shifted
kept = 1 << (1 << 35)
=== text_repeated
def f(n):
    return "ab" * (1 << 33)
=== padded
def f(n):
    return f"{n:>8000000000}"
=== catches_and_goes_on | | memory error timeout wrong denied
kept = []
for _ in range(8_000):
    try:
        kept.append(bytearray(b"x") * 1_000_000)
    except MemoryError:
        pass
def f(n):
    return 0
=== in_threads
import threading
kept = []
def grow():
    for _ in range(500):
        kept.append(bytearray(b"x") * 1_000_000)
threads = [threading.Thread(target=grow) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
def f(n):
    if len(kept) < 8_000:
        raise MemoryError
=== mapped
import mmap
kept = [mmap.mmap(-1, 1 << 28) for _ in range(32)]
for part in kept:
    for at in range(0, len(part), 4096):
        part[at] = 1
=== decompressed
import zlib
packed = zlib.compress(zlib.compress(bytes(1 << 28)))
kept = [zlib.decompress(zlib.decompress(packed)) for _ in range(32)]
=== regular_expression
import re
kept = [re.findall("(?=(.*))", "x" * 100_000) for _ in range(2)]
=== combinations
import itertools
kept = list(itertools.islice(itertools.product(range(100), repeat=8), 80_000_000))
=== in_the_answer | words
def f(text):
    answer = []
    for _ in range(80_000_000):
        answer = [answer, [text]]
    return answer
=== shared_memory_segment
from multiprocessing import shared_memory
kept = shared_memory.SharedMemory(create=True, size=1 << 33)
kept.unlink()
for at in range(0, 1 << 33, 4096):
    kept.buf[at] = 1
=== unnamed_file
import os
fd = os.memfd_create("x")
for _ in range(4_096):
    os.write(fd, b"x" * 1_000_000)
raise MemoryError
=== children_share_the_work | | memory error timeout wrong denied
import os, time
for _ in range(16):
    if os.fork() == 0:
        kept = bytearray(b"x") * 400_000_000
        time.sleep(10)
        os._exit(0)
hit = True
@hit
##### time | timeout error denied wrong
=== forever | | timeout
def f(n):
    while True:
        pass
=== sleeps | | timeout denied
import time
def f(n):
    time.sleep(10_000)
=== swallows_everything | | timeout
def f(n):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
=== one_long_call | | timeout memory
def f(n):
    return sum(range(10 ** 12))
=== backtracking | | timeout
import re
def f(n):
    return re.match(r"(a+)+$", "a" * 50 + "b")
=== ignores_signals | | timeout denied error
import signal
for number in (signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM, signal.SIGINT, signal.SIGHUP, signal.SIGVTALRM):
    signal.signal(number, signal.SIG_IGN)
def f(n):
    while True:
        pass
=== answers_when_told_to_stop | | timeout denied error
import os, signal, time
def answer(*_):
    raise SystemExit(0)
for number in (signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM):
    signal.signal(number, answer)
while True:
    pass
=== blocks_signals | | timeout denied error
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
def f(n):
    while True:
        pass
=== disarms_timers | | timeout denied error
import signal
signal.alarm(0)
signal.setitimer(signal.ITIMER_REAL, 0)
signal.setitimer(signal.ITIMER_VIRTUAL, 0)
signal.setitimer(signal.ITIMER_PROF, 0)
def f(n):
    while True:
        pass
=== burns_in_children
import os
for _ in range(8):
    if os.fork() == 0:
        for _ in range(1_000_000_000):
            pass
        os._exit(0)
while True:
    os.wait()
=== waits_for_input | | timeout error wrong denied
import sys
def f(n):
    return len(input() + sys.stdin.read())
=== waits_for_itself | | timeout
import threading
lock = threading.Lock()
lock.acquire()
def f(n):
    with lock:
        return n * n + 1
=== reads_an_empty_pipe | | timeout error denied
import os
read, write = os.pipe()
def f(n):
    return os.read(read, 1)
=== slow_to_die | | timeout
class Slow:
    def __del__(self):
        while True:
            pass
def f(n):
    Slow()
    return n * n + 1
=== slow_import | | timeout
while True:
    pass
=== fakes_the_clock | | timeout error
import time
time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
def f(n):
    while True:
        pass
=== huge_decimal_text | | timeout error memory
import sys
sys.set_int_max_str_digits(0)
def f(n):
    return str(3 ** 50_000_000)
"""
