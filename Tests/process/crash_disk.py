"""A model of a disk that loses power: what a trace of system calls may have left on it.

Certain is only what was synced. What was written to a file since its last fsync may be there or not, write by write and
sector by sector; so may a name that was made, moved or removed since the last fsync of its folder. Nothing else is
promised by POSIX, so nothing else is assumed.
"""

import os
from dataclasses import dataclass, field

SECTOR = 512


class NotModelled(Exception):
    """The server did something to its files that this model knows nothing of."""


@dataclass(eq=False)
class Node:
    """A file or a folder, whatever its names."""

    is_folder: bool
    names: dict = field(default_factory=dict)
    synced_names: dict = field(default_factory=dict)
    # When a name was last set by something that is synced.
    name_ages: dict = field(default_factory=dict)
    synced: bytearray = field(default_factory=bytearray)
    unsynced: list = field(default_factory=list)
    size: int = 0


@dataclass
class NameChange:
    """One step that names, renames or removes: all of it happens, or nothing."""

    time: int
    entries: list
    folders: set


@dataclass
class Handle:
    node: Node
    path: str
    position: int = 0
    appends: bool = False


class CrashDisk:
    """Plays a trace from its beginning; at any moment `states` of the disk after a power loss can be written out."""

    def __init__(self, roots, chance):
        self.chance = chance
        self.roots = {str(root): self._read(str(root)) for root in roots}
        self.handles = {}
        self.unsynced_names = []
        self.syncs = self.failed_syncs = 0

    def _read(self, path):
        node = Node(os.path.isdir(path))
        if node.is_folder:
            for name in os.listdir(path):
                inner = os.path.join(path, name)
                if not os.path.isdir(inner) and not os.path.isfile(inner):
                    continue
                node.names[name] = self._read(inner)
            node.synced_names = dict(node.names)
        else:
            with open(path, "rb") as file:
                node.synced = bytearray(file.read())
            node.size = len(node.synced)
        return node

    # --- names

    def _absolute(self, folder, path):
        if not path.startswith("/") and folder in self.handles:
            path = os.path.join(self.handles[folder].path, path)
        return os.path.normpath(path)

    def _place(self, path):
        """The folder that holds the name, and the name; nothing outside the roots."""
        for root, node in self.roots.items():
            if path.startswith(root + "/"):
                *folders, name = path[len(root) + 1:].split("/")
                for part in folders:
                    node = node.names.get(part)
                    if node is None or not node.is_folder:
                        return None
                return node, name
        return None

    def _node(self, path):
        if path in self.roots:
            return self.roots[path]
        place = self._place(path)
        return place[0].names.get(place[1]) if place else None

    def _set_names(self, time, *entries):
        for folder, name, node in entries:
            if node is None:
                folder.names.pop(name, None)
            else:
                folder.names[name] = node
        self.unsynced_names.append(NameChange(time, list(entries), {id(folder) for folder, _, _ in entries}))

    def _sync_names(self, folder, before):
        for change in self.unsynced_names:
            if change.time < before:
                change.folders.discard(id(folder))
        done = [change for change in self.unsynced_names if not change.folders]
        self.unsynced_names = [change for change in self.unsynced_names if change.folders]
        for change in done:
            for folder, name, node in change.entries:
                if folder.name_ages.get(name, -1) < change.time:
                    folder.synced_names[name] = node
                    folder.name_ages[name] = change.time

    # --- calls

    def play(self, call):
        """Takes one call of `traced`, in the order of their ends."""
        handler = getattr(self, "_" + call.name, None)
        if handler is None:
            self._refuse_unless_foreign(call)
        else:
            handler(call)

    def _refuse_unless_foreign(self, call):
        numbers = call.numbers()
        if any(number in self.handles for number in numbers[:1]) or any(map(self._place, call.paths())):
            raise NotModelled(f"{call.name}({call.arguments[:200]})")

    def _openat(self, call):
        numbers = call.numbers()
        path = self._absolute(numbers[0], call.paths()[0])
        self.handles.pop(call.result, None)
        flags = call.arguments
        node, place = self._node(path), self._place(path)
        if node is None and place and "O_CREAT" in flags:
            node = Node(False)
            self._set_names(call.end, (*place, node))
        if node is None:
            return
        if "O_TRUNC" in flags and not node.is_folder:
            self._change(node, call, ("size", 0))
        self.handles[call.result] = Handle(node, path, appends="O_APPEND" in flags)

    def _close(self, call):
        self.handles.pop(call.numbers()[0], None)

    def _lseek(self, call):
        if handle := self.handles.get(call.numbers()[0]):
            handle.position = call.result

    def _change(self, node, call, change):
        node.unsynced.append((call.end, change))
        if change[0] == "size":
            node.size = change[1]
        else:
            node.size = max(node.size, change[1] + len(change[2]))

    def _pwrite64(self, call):
        numbers = call.numbers()
        if handle := self.handles.get(numbers[0]):
            self._change(handle.node, call, ("bytes", numbers[3], call.strings()[0][:call.result]))

    def _write(self, call):
        if handle := self.handles.get(call.numbers()[0]):
            start = handle.node.size if handle.appends else handle.position
            self._change(handle.node, call, ("bytes", start, call.strings()[0][:call.result]))
            handle.position = start + call.result

    def _ftruncate(self, call):
        numbers = call.numbers()
        if handle := self.handles.get(numbers[0]):
            self._change(handle.node, call, ("size", numbers[1]))

    def _fsync(self, call):
        handle = self.handles.get(call.numbers()[0])
        if handle is None:
            return
        if call.result < 0 and not handle.node.is_folder:
            return self._fail_sync(handle.node)
        self.syncs += 1
        node = handle.node
        if node.is_folder:
            return self._sync_names(node, call.start)
        # What was still being written when the sync began may have missed it.
        for time, change in node.unsynced:
            if time < call.start:
                apply(node.synced, change)
        node.unsynced = [(time, change) for time, change in node.unsynced if time >= call.start]

    _fdatasync = _fsync

    def _fail_sync(self, node):
        """After a sync that failed Linux holds the pages for clean: what did not reach the disk then never will, even
        when the next sync succeeds (see "Can applications recover from fsync failures?", USENIX ATC 2020).

        Not of a folder: there SQLite does not ask, and a journal that cannot be written ends the file system."""
        self.failed_syncs += 1
        for _, change in node.unsynced:
            if self.chance.random() < 0.5:
                apply(node.synced, change)
        node.unsynced = []

    def _mkdir(self, call):
        if place := self._place(self._absolute(None, call.paths()[0])):
            self._set_names(call.end, (*place, Node(True)))

    def _unlink(self, call):
        if place := self._place(self._absolute(None, call.paths()[0])):
            self._set_names(call.end, (*place, None))

    _rmdir = _unlink

    def _unlinkat(self, call):
        if place := self._place(self._absolute(call.numbers()[0], call.paths()[0])):
            self._set_names(call.end, (*place, None))

    def _rename(self, call, exchange=False):
        source, target = (self._absolute(None, path) for path in call.paths())
        node, other = self._node(source), self._node(target)
        places = self._place(source), self._place(target)
        if places == (None, None):
            return
        if None in places or node is None:
            raise NotModelled(f"a name moves in or out: {source} {target}")
        self._set_names(call.end, (*places[0], other if exchange else None), (*places[1], node))

    def _renameat2(self, call):
        self._rename(call, exchange="RENAME_EXCHANGE" in call.arguments)

    _renameat = _rename

    def _link(self, call):
        source, target = (self._absolute(None, path) for path in call.paths())
        if place := self._place(target):
            self._set_names(call.end, (*place, self._node(source)))

    _linkat = _link

    # --- what may be left

    def write_state(self, folder):
        """Writes one of the states in which the disk may be found, below `folder`, each root under its own name."""
        chance = self.chance
        fate = chance.choice([Fate(0, 0), Fate(1, 0), Fate(chance.random(), 0.3), Fate(chance.random(), 0.3)])
        lost_names = Fate(chance.choice([0, 1, chance.random()]), 0)
        names = {}
        for change in self.unsynced_names:
            if chance.random() < lost_names.kept:
                for inner, name, node in change.entries:
                    if inner.name_ages.get(name, -1) < change.time:
                        names.setdefault(id(inner), {})[name] = node
        for root, node in self.roots.items():
            self._write_node(node, os.path.join(folder, os.path.basename(root)), names, fate, chance)

    def _write_node(self, node, path, names, fate, chance):
        if not node.is_folder:
            with open(path, "wb") as file:
                file.write(surviving(node, path, fate, chance))
            os.chmod(path, 0o600)
            return
        os.mkdir(path, 0o700)
        for name, inner in (node.synced_names | names.get(id(node), {})).items():
            if inner is not None:
                self._write_node(inner, os.path.join(path, name), names, fate, chance)


@dataclass
class Fate:
    """Of what was not synced: the share that is there all the same, and the share of that which is torn."""

    kept: float
    torn: float


def surviving(node, path, fate, chance):
    if path.endswith("-shm"):
        # Mapped memory, which nobody syncs: anything may stand in it.
        return chance.choice([b"", bytes(32768), chance.randbytes(32768)])
    content = bytearray(node.synced)
    for _, change in node.unsynced:
        if chance.random() >= fate.kept:
            continue
        if change[0] == "bytes" and chance.random() < fate.torn:
            _, start, data = change
            for sector in range(0, len(data), SECTOR):
                if chance.random() < 0.5:
                    apply(content, ("bytes", start + sector, data[sector:sector + SECTOR]))
        else:
            apply(content, change)
    return content


def apply(content, change):
    if change[0] == "size":
        size = change[1]
        del content[size:]
    else:
        size = change[1]
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if change[0] == "bytes":
        content[size:size + len(change[2])] = change[2]
