// Preloaded into a server under test: lets one of its file calls fail, the one that a counter in shared memory names.
// Only files below FAULTS_BELOW are concerned, so that logs and sockets go on.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Laid out as `faults.py` knows it.
struct control {
    _Atomic int call;      // which call is to fail: one of the numbers below, 0 for none
    _Atomic int countdown; // 1 fails the next one
    _Atomic int error;     // errno; 0 writes half of what was asked
    _Atomic int lasts;     // whether all later ones fail too
    _Atomic int counts[16];
    _Atomic int failed;
};

enum { PWRITE = 1, WRITE, FSYNC, FDATASYNC, FTRUNCATE, OPEN, RENAME, MKDIR, UNLINK, PREAD, SYNC_RANGE, CHANGE_OF_ANY_KIND };

static struct control *control;
static char below[PATH_MAX];

__attribute__((constructor)) static void set_up(void) {
    const char *path = getenv("FAULTS_CONTROL"), *folder = getenv("FAULTS_BELOW");
    if (path == NULL || folder == NULL) return;
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) abort();
    snprintf(below, sizeof below, "%s", folder);
    void *memory = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) abort();
    close(descriptor);
    control = memory;
}

// Whether this call is to fail: 0 no, 1 with `errno` set, 2 by half.
static int fails(int call) {
    atomic_fetch_add(&control->counts[call], 1);
    int chosen = atomic_load(&control->call);
    if (chosen != call && (chosen != CHANGE_OF_ANY_KIND || call == PREAD)) return 0;
    int left = atomic_fetch_sub(&control->countdown, 1);
    if (left > 1 || (left < 1 && !atomic_load(&control->lasts))) return 0;
    atomic_fetch_add(&control->failed, 1);
    errno = atomic_load(&control->error);
    return errno == 0 ? 2 : 1;
}

static int concerns_path(const char *path) {
    return control != NULL && path != NULL && strncmp(path, below, strlen(below)) == 0;
}

static int concerns(int descriptor) {
    char link[64], path[PATH_MAX];
    if (control == NULL) return 0;
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    return concerns_path(path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define TRANSFER(name, call, ...)                                                       \
    static __typeof__(&name) next;                                                                \
    if (next == NULL) next = NEXT(name);                                                          \
    if (concerns(descriptor)) {                                                                   \
        int how = fails(call);                                                                    \
        if (how == 1) return -1;                                                                  \
        if (how == 2 && count > 1) count /= 2;                                                    \
    }                                                                                             \
    return next(descriptor, bytes, count, ##__VA_ARGS__);

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t at) { TRANSFER(pwrite, PWRITE, at) }
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t at) { TRANSFER(pwrite64, PWRITE, at) }
ssize_t pread(int descriptor, void *bytes, size_t count, off_t at) { TRANSFER(pread, PREAD, at) }
ssize_t pread64(int descriptor, void *bytes, size_t count, off_t at) { TRANSFER(pread64, PREAD, at) }
ssize_t write(int descriptor, const void *bytes, size_t count) { TRANSFER(write, WRITE) }

#define SIMPLE(name, call, concerned, ...)                                                        \
    static __typeof__(&name) next;                                                                \
    if (next == NULL) next = NEXT(name);                                                          \
    if ((concerned) && fails(call)) return -1;                                                    \
    return next(__VA_ARGS__);

int fsync(int descriptor) { SIMPLE(fsync, FSYNC, concerns(descriptor), descriptor) }
int fdatasync(int descriptor) { SIMPLE(fdatasync, FDATASYNC, concerns(descriptor), descriptor) }
int sync_file_range(int descriptor, off_t at, off_t count, unsigned flags) {
    SIMPLE(sync_file_range, SYNC_RANGE, concerns(descriptor), descriptor, at, count, flags)
}
int ftruncate(int descriptor, off_t size) { SIMPLE(ftruncate, FTRUNCATE, concerns(descriptor), descriptor, size) }
int ftruncate64(int descriptor, off_t size) { SIMPLE(ftruncate64, FTRUNCATE, concerns(descriptor), descriptor, size) }
int rename(const char *from, const char *to) { SIMPLE(rename, RENAME, concerns_path(from), from, to) }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    SIMPLE(renameat2, RENAME, concerns_path(from), a, from, b, to, flags)
}
int mkdir(const char *path, mode_t mode) { SIMPLE(mkdir, MKDIR, concerns_path(path), path, mode) }
int unlink(const char *path) { SIMPLE(unlink, UNLINK, concerns_path(path), path) }

// A disk that is read-only can still be read: only what is opened to be written fails then.
static int open_fails(const char *path, int flags) {
    if (!concerns_path(path)) return 0;
    if (atomic_load(&control->error) == EROFS && (flags & O_ACCMODE) == O_RDONLY) return 0;
    return fails(OPEN);
}

#define OPENING(name, ...)                                                                        \
    static __typeof__(&name) next;                                                                \
    if (next == NULL) next = NEXT(name);                                                          \
    va_list rest;                                                                                 \
    va_start(rest, flags);                                                                        \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                       \
    va_end(rest);                                                                                 \
    if (open_fails(path, flags)) return -1;                                                       \
    return next(__VA_ARGS__);

int open(const char *path, int flags, ...) { OPENING(open, path, flags, mode) }
int open64(const char *path, int flags, ...) { OPENING(open64, path, flags, mode) }
int openat(int folder, const char *path, int flags, ...) { OPENING(openat, folder, path, flags, mode) }
int openat64(int folder, const char *path, int flags, ...) { OPENING(openat64, folder, path, flags, mode) }
