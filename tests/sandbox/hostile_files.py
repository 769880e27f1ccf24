"""Files, links and secrets outside the scratch folder.

Writes go below the current folder, to places that ordinary users can't write to, or are taken back at once. Secrets are
canaries (`hostile_base.CANARY`), or are only looked at for being there."""

PROGRAMS = r"""
##### paths | wrong error denied timeout
=== symbolic_link_out
import os
os.symlink("/etc", "etc")
hit = b"root:" in open("etc/shadow", "rb").read()
@hit
=== hard_link_out
import os, sys
os.link(sys.executable, "copy")
hit = True
@hit
=== dots_out
import os
path = os.path.join("..", f"hostile-{os.getpid()}")
open(path, "x").close()
os.remove(path)
hit = True
@hit
=== writes_at_home
import os, pwd
path = pwd.getpwuid(os.getuid()).pw_dir + f"/.hostile-{os.getpid()}"
open(path, "x").close()
os.remove(path)
hit = True
@hit
=== writes_to_temporary_folder
import os, tempfile
hit = False
for folder in ("/var/tmp", "/dev/shm", "/run", os.path.dirname(os.path.dirname(os.getcwd()))):
    path = f"{folder}/hostile-{os.getpid()}"
    try:
        open(path, "x").close()
        os.remove(path)
        hit = True
    except OSError:
        pass
@hit
=== makes_devices
import os, stat
os.mknod("zero", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
hit = True
@hit
=== named_pipe_for_the_cleaner
import os
os.mkfifo("waits_for_a_reader")
os.symlink("/", "looks_like_a_folder")
os.symlink("loop", "loop")
hit = False
@hit
=== scratch_folder_becomes_a_link
import os
here = os.getcwd()
os.chdir("..")
os.rename(here, here + ".moved")
os.symlink("/", here)
hit = True
os.remove(here)
os.rename(here + ".moved", here)
@hit
=== scratch_folder_removed
import os
os.rmdir(os.getcwd())  # goes only if it is empty
hit = False
@hit
=== changes_root
import os
os.chroot(".")
hit = True
@hit
=== mounts
import ctypes, os
os.mkdir("mounted")
hit = ctypes.CDLL(None).mount(b"none", b"mounted", b"tmpfs", 0, None) == 0
ctypes.CDLL(None).umount2(b"mounted", 2)
@hit
=== executable_with_rights
import os
open("tool", "w").close()
os.chmod("tool", 0o6755)
os.chown("tool", 0, 0)
hit = os.getuid() != 0
@hit
=== replaces_the_interpreter
import sys
with open(sys.executable, "r+b"):
    hit = True
@hit
=== truncates_without_opening
import os
# The size that it has: nothing changes where this is allowed.
path = os.__file__
os.truncate(path, os.path.getsize(path))
hit = True
@hit
=== other_times_and_modes
import os
path = os.__file__
found = os.stat(path)
os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
os.chmod(path, found.st_mode & 0o7777)
hit = True
@hit
=== extended_attributes
import os
os.setxattr(os.__file__, "user.hostile", b"x")
os.removexattr(os.__file__, "user.hostile")
hit = True
@hit
=== watches_files
import ctypes
libc = ctypes.CDLL(None)
hit = libc.inotify_add_watch(libc.inotify_init1(0), b"..", 0xFFF) >= 0
@hit
##### secrets | wrong error denied timeout
=== environment
import os
hit = "TEXTBOOK_CANARY" in os.environ or any("SECRET" in name or "TOKEN" in name for name in os.environ)
@hit
=== environment_as_it_was
hit = b"TEXTBOOK_CANARY" in open("/proc/self/environ", "rb").read()
@hit
=== environment_in_memory
import ctypes
names = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
hit, i = False, 0
while names and names[i]:
    hit, i = hit or names[i].startswith(b"TEXTBOOK_CANARY="), i + 1
@hit
=== canary_file
import os
hit = False
for folder in (os.path.expanduser("~"), "..", os.path.dirname(os.path.dirname(os.getcwd()))):
    try:
        hit = hit or bool(open(folder + "/TEXTBOOK_CANARY").read())
    except OSError:
        pass
@hit
=== keys_for_shells
import glob, os, pwd
homes = {os.path.expanduser("~"), *(entry.pw_dir for entry in pwd.getpwall())}
hit = any(open(path, "rb").read(1) for home in homes for path in glob.glob(home + "/.ssh/*"))
@hit
=== tokens_of_tools
import os
home = os.path.expanduser("~")
names = (".netrc", ".pypirc", ".aws/credentials", ".git-credentials", ".cache/huggingface/token", ".bash_history")
hit = any(open(os.path.join(home, name), "rb").read(1) for name in names if os.path.exists(os.path.join(home, name)))
@hit
=== passwords_of_users
hit = bool(open("/etc/shadow").read())
@hit
=== lists_the_home
import os, pwd
hit = bool(os.listdir(pwd.getpwuid(os.getuid()).pw_dir))
@hit
=== who_is_on
import os
hit = bool(open("/var/log/wtmp", "rb").read(1)) or bool(os.listdir("/var/log"))
@hit
=== kernel_log
import ctypes
buffer = ctypes.create_string_buffer(4096)
hit = ctypes.CDLL(None).klogctl(3, buffer, 4096) > 0
@hit
=== service_accounts
import os
hit = any(os.listdir(path) for path in ("/run/secrets", "/var/run/secrets") if os.path.isdir(path))
@hit
"""
