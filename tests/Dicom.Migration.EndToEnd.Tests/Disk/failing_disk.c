// A disk that fails below one folder, put before libc by LD_PRELOAD: counts the calls on each kind of file, writes them to a log, and fails
// the n-th of one kind, once or together with all that follow. Another folder, and the runtime's own files, are never touched.
//   FAILING_DISK_FOLDER  the folder; FAILING_DISK_LOG  a file that is appended to, "call kind" a line, "struck" for the fault
//   FAILING_DISK_FAULT   "call kind n errno once|always"; errno 0 kills the process instead
// An fsync that does not fail does nothing: no power is lost here, and the page cache keeps what was written.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[4096], fault_call[32], fault_kind[32];
static size_t folder_length;
static int log_file = -1, fault_number, fault_error, fault_stays, fault_count;
static int broken;

__attribute__((constructor)) static void start(void)
{
    const char *below = getenv("FAILING_DISK_FOLDER"), *log = getenv("FAILING_DISK_LOG"), *fault = getenv("FAILING_DISK_FAULT");
    char duration[16] = "";
    if (!below || strlen(below) >= sizeof folder) return;
    if (log) log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fault && sscanf(fault, "%31s %31s %d %d %15s", fault_call, fault_kind, &fault_number, &fault_error, duration) == 5) fault_stays = duration[0] == 'a';
    strcpy(folder, below);
    folder_length = strlen(folder);
}

static void note(const char *call, const char *kind)
{
    char line[80];
    int length = snprintf(line, sizeof line, "%s %s\n", call, kind);
    if (log_file >= 0 && syscall(SYS_write, log_file, line, length) < 0) abort();
}

// The kind of a file is how its name ends: "db", "wal", "shm", "journal", "lock", "spool"; "folder" if there is no such end.
static const char *kind_of(const char *path)
{
    static const char *ends[] = { ".db-wal", "wal", ".db-shm", "shm", ".db-journal", "journal", ".db.lock", "lock", ".db", "db", ".spool", "spool" };
    size_t length = strlen(path);
    if (length > 10 && !strcmp(path + length - 10, " (deleted)")) length -= 10;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i += 2)
        if (length >= strlen(ends[i]) && !strncmp(path + length - strlen(ends[i]), ends[i], strlen(ends[i]))) return ends[i + 1];
    return "folder";
}

static int is_read(const char *call) { return !strcmp(call, "pread64") || !strcmp(call, "read"); }

// Whether this call fails; errno says why. What takes no room is let through by a full disk, and reading by any that was not struck in it.
static int fails(const char *call, const char *path)
{
    if (!folder_length || strncmp(path, folder, folder_length) || (path[folder_length] && path[folder_length] != '/')) return 0;
    const char *kind = kind_of(path);
    int strikes = 0;
    if (!strcmp(call, fault_call) && !strcmp(kind, fault_kind)) strikes = __atomic_add_fetch(&fault_count, 1, __ATOMIC_SEQ_CST) == fault_number;
    else if (!fault_number) note(call, kind);
    if (strikes)
    {
        note("struck", kind);
        if (!fault_error) syscall(SYS_kill, getpid(), SIGKILL);
        if (fault_stays) __atomic_store_n(&broken, 1, __ATOMIC_SEQ_CST);
    }
    else if (!__atomic_load_n(&broken, __ATOMIC_SEQ_CST) || is_read(call) != is_read(fault_call) || (fault_error == ENOSPC && !strcmp(call, "unlink"))) return 0;
    errno = fault_error;
    return 1;
}

static int fails_on(const char *call, int file)
{
    char link[64], path[4096];
    if (!folder_length) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

static int do_open(int directory, const char *path, int flags, va_list arguments)
{
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    // A full disk opens what is there.
    if ((fault_error != ENOSPC || flags & O_CREAT) && fails("open", path)) return -1;
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

#define OPEN(name) int name(const char *path, int flags, ...) { va_list a; va_start(a, flags); int r = do_open(AT_FDCWD, path, flags, a); va_end(a); return r; }
#define OPENAT(name) int name(int directory, const char *path, int flags, ...) { va_list a; va_start(a, flags); int r = do_open(directory, path, flags, a); va_end(a); return r; }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

ssize_t write(int file, const void *bytes, size_t length) { return fails_on("write", file) ? -1 : syscall(SYS_write, file, bytes, length); }
ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) { return fails_on("pwrite64", file) ? -1 : syscall(SYS_pwrite64, file, bytes, length, at); }
ssize_t pwritev64(int file, const struct iovec *v, int count, off64_t at) { return fails_on("pwritev64", file) ? -1 : syscall(SYS_pwritev, file, v, count, at, 0); }
ssize_t read(int file, void *bytes, size_t length) { return fails_on("read", file) ? -1 : syscall(SYS_read, file, bytes, length); }
ssize_t pread64(int file, void *bytes, size_t length, off64_t at) { return fails_on("pread64", file) ? -1 : syscall(SYS_pread64, file, bytes, length, at); }
int fsync(int file) { return fails_on("fsync", file) ? -1 : 0; }
int fdatasync(int file) { return fails_on("fdatasync", file) ? -1 : 0; }
int ftruncate64(int file, off64_t length) { return fails_on("ftruncate64", file) ? -1 : (int)syscall(SYS_ftruncate, file, length); }
int fallocate64(int file, int mode, off64_t at, off64_t length) { return fails_on("fallocate64", file) ? -1 : (int)syscall(SYS_fallocate, file, mode, at, length); }
int fchmod(int file, mode_t mode) { return fails_on("fchmod", file) ? -1 : (int)syscall(SYS_fchmod, file, mode); }
int chmod(const char *path, mode_t mode) { return fails("chmod", path) ? -1 : (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode); }
int unlink(const char *path) { return fails("unlink", path) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0); }
int mkdir(const char *path, mode_t mode) { return fails("mkdir", path) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode); }
int rename(const char *from, const char *to) { return fails("rename", to) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); }
