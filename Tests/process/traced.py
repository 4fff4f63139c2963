"""What a server did to its files, in the order in which it did it: `strace`, run and read."""

import os
import re
from dataclasses import dataclass

TRACED = (
    "openat,open,creat,close,dup,dup2,dup3,lseek,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,"
    "copy_file_range,sendfile,fsync,fdatasync,unlink,unlinkat,rmdir,rename,renameat,renameat2,mkdir,mkdirat,link,linkat,"
    "symlink,symlinkat,sendto,sendmsg")
# Whole strings, so that every written byte is there.
LONGEST_STRING = 1 << 24

WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
UNFINISHED = re.compile(r"(\d+) +(\w+)\((.*?) *<unfinished \.\.\.>$")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class Call:
    """A system call that succeeded, or a sync that failed. `start` and `end` are places in the order of everything."""

    start: int
    end: int
    thread: int
    name: str
    arguments: str
    result: int

    def strings(self):
        return [bytes.fromhex(text.replace("\\x", "")) for text in STRING.findall(self.arguments)]

    def paths(self):
        return [os.fsdecode(text) for text in self.strings()]

    def numbers(self):
        """The arguments that are numbers, by position; strings and names are None."""
        return [int(part) if re.fullmatch(r"-?\d+", part) else None
                for part in re.sub(STRING, "s", self.arguments).split(", ")]


def read_calls(path):
    """The calls of a trace; one that another thread's interrupted is put together again."""
    unfinished, calls = {}, []
    with open(path, encoding="ascii", errors="replace") as lines:
        for place, line in enumerate(lines):
            if found := WHOLE.match(line):
                call = Call(place, place, int(found[1]), found[2], found[3], int(found[4]))
            elif found := UNFINISHED.match(line):
                unfinished[found[1], found[2]] = place, found[3]
                continue
            elif found := RESUMED.match(line):
                start, before = unfinished.pop((found[1], found[2]), (place, ""))
                call = Call(start, place, int(found[1]), found[2], before + found[3], int(found[4]))
            else:
                continue
            if call.result >= 0 or call.name in ("fsync", "fdatasync"):
                calls.append(call)
    return calls


def tracing(path, *options):
    """The beginning of a command line that traces the command behind it, whose process keeps its id."""
    return ["strace", "-D", "-f", "--seccomp-bpf", "-q", "-xx", "-s", str(LONGEST_STRING), "-e", f"trace={TRACED}",
            *options, "-o", str(path)]


def is_complete(path):
    """Whether the traced process has ended and the trace with it."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 200))
        return b" +++ " in file.read().splitlines()[-1]
