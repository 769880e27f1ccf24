"""Below Python: memory of the interpreter, machine code, system calls that filters forget.

The numbers of system calls are those of x86-64; on arm64 they name none."""

PROGRAMS = r"""
##### native | wrong error timeout denied memory
=== null_pointer
import ctypes
def f(n):
    return ctypes.string_at(0)
=== overflows_the_stack
import ctypes
recurse = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: recurse(n))
import sys
sys.setrecursionlimit(10 ** 9)
def f(n):
    return recurse(n)
=== equality_of_int_in_memory
import ctypes
slot = type.__basicsize__ and 25 * 8  # tp_richcompare
always = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.py_object, ctypes.c_int)(lambda a, b, op: True)
ctypes.c_void_p.from_address(id(int) + slot).value = ctypes.cast(always, ctypes.c_void_p).value
def f(n):
    return 0
=== truth_is_false
import ctypes, sys
ctypes.memmove(id(False) + 24, id(True) + 24, 4)
def f(n):
    return None
=== bytecode_by_hand
def f(n):
    return None
f.__code__ = f.__code__.replace(co_code=bytes([100, 200]) * 4 + bytes([83, 0]), co_consts=())
=== machine_code
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b"\xb8\x3c\x00\x00\x00\x31\xff\x0f\x05")  # exit(0) on x86-64
entry = ctypes.addressof(ctypes.c_char.from_buffer(page))
def f(n):
    return ctypes.CFUNCTYPE(ctypes.c_int)(entry)()
=== old_system_calls
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
# getppid by the 32-bit entry on x86-64, whose numbers a filter for the 64-bit ones does not know
page.write(b"\xb8\x40\x00\x00\x00\xcd\x80\xc3")
entry = ctypes.addressof(ctypes.c_char.from_buffer(page))
hit = ctypes.CFUNCTYPE(ctypes.c_int)(entry)() > 0
@hit
=== x32_system_calls
import ctypes
hit = ctypes.CDLL(None).syscall(0x40000000 | 110) > 0
@hit
=== ring_of_requests
import ctypes
parameters = ctypes.create_string_buffer(120)
hit = ctypes.CDLL(None).syscall(425, 4, parameters) >= 0
@hit
=== own_filter_lies
import ctypes
# With a filter of its own a program could answer system calls of code that trusts it.
libc = ctypes.CDLL(None)
hit = libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(317, 1, 1 << 3, 0) >= 0
@hit
=== user_fault_handler
import ctypes
hit = ctypes.CDLL(None).syscall(323, 0) >= 0
@hit
=== keys_of_the_kernel
import ctypes
libc = ctypes.CDLL(None)
hit = libc.syscall(248, b"user", b"textbook", b"x", 1, -1) > 0
@hit
=== loads_filter_programs
import ctypes
hit = ctypes.CDLL(None).syscall(321, 0, ctypes.create_string_buffer(128), 128) >= 0
@hit
=== performance_counters
import ctypes
attributes = ctypes.create_string_buffer(bytes([1, 0, 0, 0, 128, 0, 0, 0]), 128)
hit = ctypes.CDLL(None).syscall(298, attributes, 0, -1, -1, 0) >= 0
@hit
=== opens_by_handle
import ctypes
libc = ctypes.CDLL(None)
handle = ctypes.create_string_buffer(bytes([8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]), 64)
hit = libc.open_by_handle_at(-100, handle, 0) >= 0
@hit
"""
