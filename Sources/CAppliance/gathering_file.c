#include "CAppliance.h"

#include <stdlib.h>
#include <string.h>

// Bytes that are gathered before the file system sees them: also what SQLite's own VFS takes at once, below 128 KiB.
enum { ROOM = 64 << 10 };

typedef struct {
    sqlite3_file base;
    sqlite3_file *real;
    // Written, but not handed on: `count` bytes that belong at `start`.
    sqlite3_int64 start;
    int count;
    char *bytes;
} gathering_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs gathering_vfs;

static int hand_on(gathering_file *file) {
    if (file->count == 0) return SQLITE_OK;
    int code = file->real->pMethods->xWrite(file->real, file->bytes, file->count, file->start);
    if (code == SQLITE_OK) file->count = 0;
    return code;
}

static int gathering_write(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset) {
    gathering_file *file = (gathering_file *)base;
    if (file->count > 0 && (offset != file->start + file->count || count > ROOM - file->count)) {
        int code = hand_on(file);
        if (code != SQLITE_OK) return code;
    }
    if (count > ROOM) return file->real->pMethods->xWrite(file->real, bytes, count, offset);
    if (file->count == 0) file->start = offset;
    memcpy(file->bytes + file->count, bytes, (size_t)count);
    file->count += count;
    return SQLITE_OK;
}

static int gathering_close(sqlite3_file *base) {
    gathering_file *file = (gathering_file *)base;
    int written = hand_on(file);
    int closed = file->real->pMethods->xClose(file->real);
    free(file->bytes);
    file->bytes = NULL;
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

static int gathering_sync(sqlite3_file *base, int flags) {
    gathering_file *file = (gathering_file *)base;
    int code = hand_on(file);
    return code == SQLITE_OK ? file->real->pMethods->xSync(file->real, flags) : code;
}

static int gathering_size(sqlite3_file *base, sqlite3_int64 *size) {
    gathering_file *file = (gathering_file *)base;
    int code = hand_on(file);
    return code == SQLITE_OK ? file->real->pMethods->xFileSize(file->real, size) : code;
}

// SQLite tells of each new size as it grows; but before a commit ends it asks for SYNC, also when it will not sync.
static int gathering_control(sqlite3_file *base, int operation, void *argument) {
    gathering_file *file = (gathering_file *)base;
    int code = operation == SQLITE_FCNTL_SIZE_HINT ? SQLITE_OK : hand_on(file);
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

// Version 1: no shared memory, so no WAL, and no map.
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
    gathering_file *file = (gathering_file *)base;
    (void)vfs;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(file + 1);
    file->bytes = malloc(ROOM);
    if (file->bytes == NULL) return SQLITE_NOMEM;
    int code = real_vfs->xOpen(real_vfs, name, file->real, flags, answer);
    if (code == SQLITE_OK) {
        base->pMethods = &gathering_methods;
        return SQLITE_OK;
    }
    if (file->real->pMethods != NULL) file->real->pMethods->xClose(file->real);
    free(file->bytes);
    return code;
}

int cappliance_register_gathering(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL) return SQLITE_ERROR;
    gathering_vfs = *real_vfs;
    gathering_vfs.pNext = NULL;
    gathering_vfs.zName = CAPPLIANCE_GATHERING;
    gathering_vfs.szOsFile = (int)sizeof(gathering_file) + real_vfs->szOsFile;
    gathering_vfs.xOpen = gathering_open;
    return sqlite3_vfs_register(&gathering_vfs, 0);
}
