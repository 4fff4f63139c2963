#include "CAppliance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Bytes that are gathered before the file system sees them: also what SQLite's own VFS takes at once, below 128 KiB.
enum { ROOM = 64 << 10 };
// sqlite.org/fileformat2.html#walformat: "for commit records, the size of the database file in pages after the commit.
// For all other records, zero."
enum { WAL_HEADER = 32, FRAME_HEADER = 24, FRAME_SIZE_OFFSET = 4, FRAME_SIZE_BYTES = 4 };

typedef struct {
    sqlite3_file base;
    sqlite3_file *real;
    // Written, but not handed on: `count` bytes that belong at `start`.
    sqlite3_int64 start;
    int count;
    char *bytes;
    // The next write is the page of a frame that ends a transaction.
    int ends;
    // Made by whoever opened it, and without a byte so far.
    int is_new;
} gathering_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs gathering_vfs;

// The descriptor that the real VFS opened last on this thread. SQLite tells nobody which one a file has.
static _Thread_local int opened = -1;

static int noting_open(const char *path, int flags, int mode) { return opened = open(path, flags, mode); }

// What cannot be written is gone: SQLite is told, and rolls back.
static int hand_on(gathering_file *file) {
    if (file->count == 0) return SQLITE_OK;
    int count = file->count;
    file->count = 0;
    file->is_new = 0;
    return file->real->pMethods->xWrite(file->real, file->bytes, count, file->start);
}

static void give_room_back(gathering_file *file) {
    free(file->bytes);
    file->bytes = NULL;
}

static int ends_transaction(const char *frame_header) {
    static const char none[FRAME_SIZE_BYTES];
    return memcmp(frame_header + FRAME_SIZE_OFFSET, none, sizeof none) != 0;
}

static int gather(gathering_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    if (file->count > 0 && (offset != file->start + file->count || count > ROOM - file->count)) {
        int code = hand_on(file);
        if (code != SQLITE_OK) return code;
    }
    if (file->bytes == NULL) file->bytes = malloc(ROOM);
    if (count > ROOM || file->bytes == NULL) {
        file->is_new = 0;
        return file->real->pMethods->xWrite(file->real, bytes, count, offset);
    }
    if (file->count == 0) file->start = offset;
    memcpy(file->bytes + file->count, bytes, (size_t)count);
    file->count += count;
    return SQLITE_OK;
}

static int gathering_write(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset) {
    gathering_file *file = (gathering_file *)base;
    int code = gather(file, bytes, count, offset);
    // Others may read a transaction as soon as it has ended. (One that wrote a page twice, because its cache was full,
    // ends with another write; but then, at synchronous=FULL, with a sync too.)
    if (code == SQLITE_OK && file->ends) code = hand_on(file);
    file->ends = count == FRAME_HEADER && ends_transaction(bytes);
    return code;
}

static int gathering_close(sqlite3_file *base) {
    gathering_file *file = (gathering_file *)base;
    int written = hand_on(file);
    int closed = file->real->pMethods->xClose(file->real);
    give_room_back(file);
    return written != SQLITE_OK ? written : closed;
}

// All others see what was written, so it is handed on first.

static int gathering_read(sqlite3_file *base, void *bytes, int count, sqlite3_int64 offset) {
    gathering_file *file = (gathering_file *)base;
    int code = hand_on(file);
    return code == SQLITE_OK ? file->real->pMethods->xRead(file->real, bytes, count, offset) : code;
}

static int gathering_truncate(sqlite3_file *base, sqlite3_int64 size) {
    gathering_file *file = (gathering_file *)base;
    int code = hand_on(file);
    return code == SQLITE_OK ? file->real->pMethods->xTruncate(file->real, size) : code;
}

// SQLite syncs a header before the frames behind it, as those of an earlier round of the same file might pass for part
// of the new one, or the new ones for part of the old (`walFrames`). A file that is new has no earlier round: its
// header goes to the disk with its first commit.
static int has_only_first_header(const gathering_file *file) { return file->is_new && file->count == WAL_HEADER; }

// The end of a commit to a WAL: hundreds of such files may be open, and wait for their next one.
static int gathering_sync(sqlite3_file *base, int flags) {
    gathering_file *file = (gathering_file *)base;
    if (has_only_first_header(file)) return SQLITE_OK;
    int code = hand_on(file);
    give_room_back(file);
    return code == SQLITE_OK ? file->real->pMethods->xSync(file->real, flags) : code;
}

static int gathering_size(sqlite3_file *base, sqlite3_int64 *size) {
    gathering_file *file = (gathering_file *)base;
    int code = hand_on(file);
    return code == SQLITE_OK ? file->real->pMethods->xFileSize(file->real, size) : code;
}

static int gathering_control(sqlite3_file *base, int operation, void *argument) {
    gathering_file *file = (gathering_file *)base;
    int code = hand_on(file);
    return code == SQLITE_OK ? file->real->pMethods->xFileControl(file->real, operation, argument) : code;
}

static int gathering_lock(sqlite3_file *base, int level) {
    sqlite3_file *real = ((gathering_file *)base)->real;
    return real->pMethods->xLock(real, level);
}

static int gathering_unlock(sqlite3_file *base, int level) {
    gathering_file *file = (gathering_file *)base;
    int code = hand_on(file);
    int unlocked = file->real->pMethods->xUnlock(file->real, level);
    return code != SQLITE_OK ? code : unlocked;
}

static int gathering_is_reserved(sqlite3_file *base, int *answer) {
    sqlite3_file *real = ((gathering_file *)base)->real;
    return real->pMethods->xCheckReservedLock(real, answer);
}

static int gathering_sector(sqlite3_file *base) {
    sqlite3_file *real = ((gathering_file *)base)->real;
    return real->pMethods->xSectorSize(real);
}

static int gathering_device(sqlite3_file *base) {
    sqlite3_file *real = ((gathering_file *)base)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

// Version 1: a WAL needs neither shared memory nor a map.
static const sqlite3_io_methods gathering_methods = {
    .iVersion = 1,
    .xClose = gathering_close,
    .xRead = gathering_read,
    .xWrite = gathering_write,
    .xTruncate = gathering_truncate,
    .xSync = gathering_sync,
    .xFileSize = gathering_size,
    .xLock = gathering_lock,
    .xUnlock = gathering_unlock,
    .xCheckReservedLock = gathering_is_reserved,
    .xFileControl = gathering_control,
    .xSectorSize = gathering_sector,
    .xDeviceCharacteristics = gathering_device,
};

static int gathering_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags, int *answer) {
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) {
        opened = -1;
        int code = real_vfs->xOpen(real_vfs, name, base, flags, answer);
        // Stays -1 for a file of which SQLite still had a descriptor.
        memcpy((char *)base + real_vfs->szOsFile, &opened, sizeof opened);
        return code;
    }
    gathering_file *file = (gathering_file *)base;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(file + 1);
    file->is_new = name != NULL && access(name, F_OK) != 0 && errno == ENOENT;
    int code = real_vfs->xOpen(real_vfs, name, file->real, flags, answer);
    if (code == SQLITE_OK) {
        base->pMethods = &gathering_methods;
    } else if (file->real->pMethods != NULL) {
        file->real->pMethods->xClose(file->real);
    }
    return code;
}

int cappliance_sqlite_descriptor(sqlite3 *db) {
    sqlite3_vfs *vfs = NULL;
    const sqlite3_file *file = cappliance_sqlite_file(db);
    const int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
    if (file == NULL || code != SQLITE_OK || vfs != &gathering_vfs) return -1;
    int descriptor = -1;
    memcpy(&descriptor, (const char *)file + real_vfs->szOsFile, sizeof descriptor);
    return descriptor;
}

int cappliance_register_gathering(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL) return SQLITE_ERROR;
    // Where that is refused no descriptor is known, and nothing else is lost.
    if (real_vfs->iVersion >= 3 && real_vfs->xSetSystemCall != NULL)
        (void)real_vfs->xSetSystemCall(real_vfs, "open", (sqlite3_syscall_ptr)noting_open);
    gathering_vfs = *real_vfs;
    gathering_vfs.pNext = NULL;
    gathering_vfs.zName = "wal-gathering";
    // A WAL is a gathering file and the real one behind it; any other the real one and its descriptor.
    gathering_vfs.szOsFile = (int)sizeof(gathering_file) + real_vfs->szOsFile;
    gathering_vfs.xOpen = gathering_open;
    return sqlite3_vfs_register(&gathering_vfs, 1);
}
