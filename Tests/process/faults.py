"""Lets single file calls of a server fail, by a small library (`faults.c`) that is loaded in front of libc."""

import errno
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

# As `faults.c` numbers them.
CALLS = {name: number for number, name in enumerate(
    ["pwrite", "write", "fsync", "fdatasync", "ftruncate", "open", "rename", "mkdir", "unlink", "pread", "sync_file_range",
     "any change"], 1)}
CONTROL = struct.Struct("4i16ii")
BY_HALF = 0
# What may go wrong with each. Not with reading: SQLite takes a read that fails for damage, see `test_damaged_files`.
ERRORS = {
    "pwrite": [errno.EIO, errno.ENOSPC, BY_HALF], "write": [errno.EIO, errno.ENOSPC, BY_HALF], "fsync": [errno.EIO],
    "fdatasync": [errno.EIO], "sync_file_range": [errno.EIO], "ftruncate": [errno.EIO],
    "open": [errno.EMFILE, errno.EIO], "rename": [errno.EIO, errno.ENOSPC], "mkdir": [errno.ENOSPC], "unlink": [errno.EIO]}


class Faults:
    """A server with `environment` is under its control."""

    def __init__(self, appliance):
        if shutil.which("gcc") is None:
            raise RuntimeError("gcc is needed to build faults.c")
        self.folder = tempfile.TemporaryDirectory(prefix="faults-")
        library, control = Path(self.folder.name) / "faults.so", Path(self.folder.name) / "control"
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("faults.c"), "-ldl"],
            check=True)
        control.write_bytes(bytes(mmap.PAGESIZE))
        with open(control, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.environment = {
            "LD_PRELOAD": str(library), "FAULTS_CONTROL": str(control), "FAULTS_BELOW": str(appliance.folder)}

    def close(self):
        self.folder.cleanup()

    def arm(self, call, countdown, error, *, lasts=False):
        """Lets the call fail that comes as the `countdown`-th from now, and perhaps all after it."""
        self.disarm()
        CONTROL.pack_into(self.memory, 0, CALLS[call], countdown, error, lasts, *[0] * 17)

    def disarm(self):
        """Everything works again; tells how many calls failed."""
        *_, failed = CONTROL.unpack_from(self.memory)
        CONTROL.pack_into(self.memory, 0, *[0] * 21)
        return failed

    def counts(self):
        """How often each was called since it was last armed or disarmed."""
        values = CONTROL.unpack_from(self.memory)
        return {name: values[4 + number] for name, number in CALLS.items() if number < 12}


def is_shown(error):
    return "half" if error == BY_HALF else os.strerror(error)
