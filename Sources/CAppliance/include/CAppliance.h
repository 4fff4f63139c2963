// The few C calls that Swift cannot make itself: variadic functions, macros, and platform calls that Foundation hides.
#ifndef CAPPLIANCE_H
#define CAPPLIANCE_H

#include <crypt.h>
#include <sqlite3.h>
#include <stdint.h>
#include <zlib.h>

/// Sets a boolean `SQLITE_DBCONFIG_…` option. `sqlite3_db_config` is variadic, which Swift cannot call.
int cappliance_sqlite_config(sqlite3 *db, int option, int on);

/// Turns off SQLite's count of its memory, which is a lock of the whole process around each allocation. Only before the
/// first connection is opened; variadic as well.
int cappliance_sqlite_without_statistics(void);

/// The database file of a connection as SQLite has it open, for as long as the connection. NULL when it has none.
sqlite3_file *cappliance_sqlite_file(sqlite3 *db);

/// Its descriptor, for calls that SQLite does not know; never to be closed. -1 when it is not known.
int cappliance_sqlite_descriptor(sqlite3 *db);

/// Syncs it. Result code of SQLite.
int cappliance_sqlite_sync(sqlite3_file *file);

/// Its size, and `count` bytes of it: while other descriptors of it must not be opened. Result code of SQLite.
int cappliance_sqlite_size(sqlite3_file *file, int64_t *size);
int cappliance_sqlite_read(sqlite3_file *file, void *bytes, int count, int64_t offset);

/// How many frames of the WAL are in the file already, as the WAL's index has it (sqlite.org/walformat.html, nBackfill).
/// Result code.
int cappliance_sqlite_copied_frames(sqlite3_file *file, uint32_t *frames);

/// Has the next checkpoint copy all of the WAL, also what is in the file already: sets the count of such frames in the
/// WAL's index to none (sqlite.org/walformat.html, nBackfill). Only while no other connection is at work. Result code.
int cappliance_sqlite_copy_wal_again(sqlite3_file *file);

/// Makes SQLite use a VFS for all files that is the system's, but gathers the frames of a WAL, each of which SQLite
/// writes in two calls, up to the end of each transaction, and hands them on 64 KiB at a time. Once in a process, before
/// the first connection is opened; a result code of SQLite.
int cappliance_register_gathering(void);

/// Runs `deflateInit2` / `inflateInit2` for the gzip container; both are macros.
int cappliance_gzip_deflate_init(z_stream *stream, int level);
int cappliance_gzip_inflate_init(z_stream *stream);

/// Exchanges two directory entries in one atomic step (`renameat2` with `RENAME_EXCHANGE`). 0, or -1 with `errno`.
int cappliance_rename_exchange(const char *a, const char *b);

/// Hashes `phrase` with `setting` (bcrypt) into `out` (at least 64 bytes). 0, or -1 when the setting is not accepted.
int cappliance_crypt(const char *phrase, const char *setting, char *out, int length);

/// Makes the calling thread give way to all others of this process and machine. Without effect where threads have no
/// priority of their own.
void cappliance_give_way(void);

/// Has the threads share so many pools of memory. Call before there are more threads than that.
void cappliance_share_memory(int pools);

/// Hands pages that were freed to the system. Takes some milliseconds, and the locks of the allocator one by one.
void cappliance_give_memory_back(void);

/// Waits until the `count` bytes of a file before `offset` are on their way out of memory, and has the disk begin with
/// those behind it. Makes nothing durable. Without effect where the system does not know it. 0, or -1 with `errno`: then
/// Linux has told of a failed write here, and a later sync of the descriptor would not.
int cappliance_write_behind(int descriptor, int64_t offset, int64_t count);

/// Has the disk write what changed in so many bytes of a file, and waits for it. Makes nothing durable; returns as above.
int cappliance_write_out(int descriptor, int64_t offset, int64_t count);

#endif
