#define _GNU_SOURCE
#include "CAppliance.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int cappliance_sqlite_config(sqlite3 *db, int option, int on) {
    return sqlite3_db_config(db, option, on, (int *)0);
}

int cappliance_sqlite_without_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

sqlite3_file *cappliance_sqlite_file(sqlite3 *db) {
    sqlite3_file *file = NULL;
    const int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    return code == SQLITE_OK && file != NULL && file->pMethods != NULL ? file : NULL;
}

int cappliance_sqlite_sync(sqlite3_file *file) {
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

int cappliance_sqlite_size(sqlite3_file *file, int64_t *size) {
    sqlite3_int64 bytes = 0;
    const int code = file->pMethods->xFileSize(file, &bytes);
    *size = bytes;
    return code;
}

int cappliance_sqlite_read(sqlite3_file *file, void *bytes, int count, int64_t offset) {
    return file->pMethods->xRead(file, bytes, count, offset);
}

// Where the index of the WAL keeps how many of its frames are in the file; NULL without an index, and so without a WAL.
static uint32_t *copied_frames(sqlite3_file *file, int *code) {
    enum { indexPageBytes = 32768, copiedFramesOffset = 96 };
    void volatile *page = NULL;
    *code = file->pMethods->xShmMap(file, 0, indexPageBytes, 0, &page);
    return *code == SQLITE_OK && page != NULL ? (uint32_t *)((char *)page + copiedFramesOffset) : NULL;
}

int cappliance_sqlite_copied_frames(sqlite3_file *file, uint32_t *frames) {
    int code = SQLITE_OK;
    const uint32_t *copied = copied_frames(file, &code);
    *frames = copied != NULL ? __atomic_load_n(copied, __ATOMIC_SEQ_CST) : 0;
    return code;
}

int cappliance_sqlite_copy_wal_again(sqlite3_file *file) {
    int code = SQLITE_OK;
    uint32_t *copied = copied_frames(file, &code);
    if (copied != NULL) __atomic_store_n(copied, 0, __ATOMIC_SEQ_CST);
    return code;
}

int cappliance_gzip_deflate_init(z_stream *stream, int level) {
    memset(stream, 0, sizeof *stream);
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
}

int cappliance_gzip_inflate_init(z_stream *stream) {
    memset(stream, 0, sizeof *stream);
    return inflateInit2(stream, 15 + 16);
}

int cappliance_rename_exchange(const char *a, const char *b) {
    return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

int cappliance_crypt(const char *phrase, const char *setting, char *out, int length) {
    // 32 KB: never on a small thread stack.
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) return -1;
    const char *hash = crypt_r(phrase, setting, data);
    int ok = hash != NULL && hash[0] != '*' && (int)strlen(hash) < length;
    if (ok) strcpy(out, hash);
    explicit_bzero(data, sizeof *data);
    free(data);
    return ok ? 0 : -1;
}

void cappliance_give_way(void) {
#ifdef __linux__
    // Linux takes 0 for the thread, not the process. 5 is a third of the weight of the others: never starved.
    setpriority(PRIO_PROCESS, 0, 5);
#endif
}

void cappliance_share_memory(int pools) {
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, pools);
#endif
}

void cappliance_give_memory_back(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

#ifdef __linux__
enum { BEGIN = SYNC_FILE_RANGE_WRITE, END = SYNC_FILE_RANGE_WAIT_BEFORE | BEGIN | SYNC_FILE_RANGE_WAIT_AFTER };
#else
enum { BEGIN, END };
#endif

static int write_range(int descriptor, int64_t offset, int64_t count, unsigned flags) {
#ifdef __linux__
    if (sync_file_range(descriptor, offset, count, flags) == 0) return 0;
    // Not every file system knows it.
    return errno == EINVAL || errno == ENOSYS || errno == ESPIPE || errno == EPERM ? 0 : -1;
#else
    return 0;
#endif
}

int cappliance_write_behind(int descriptor, int64_t offset, int64_t count) {
    const int64_t before = offset > count ? offset - count : 0;
    if (before != offset && write_range(descriptor, before, offset - before, END) != 0) return -1;
    return write_range(descriptor, offset, count, BEGIN);
}

int cappliance_write_out(int descriptor, int64_t offset, int64_t count) {
    return write_range(descriptor, offset, count, END);
}
