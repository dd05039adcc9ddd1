/* A disk that loses its power: preloaded into the server, it remembers for every file below CHAOS_ROOT what was written
 * since that file was last synced, and for every name what was done to it since its directory was. At the cut it puts
 * the disk into a state that a real one could be left in, and kills the process.
 *
 *   CHAOS_ROOT      the directory that is such a disk
 *   CHAOS_STASH     a directory beside it, on the same file system, for what may have to come back
 *   CHAOS_CUT_AT    the call to be cut at, from 1; absent or 0: none
 *   CHAOS_SEED      chooses what of the unsynced is left
 *   CHAOS_NO_SYNC   set: syncing does nothing, as with `synchronous=OFF`
 *   CHAOS_REPORT    the file in which the cut tells what it did
 *   CHAOS_SWITCHES  64 bytes that the test changes while the server runs (struct switches); absent: none
 *
 * A disk writes in any order and in sectors of 512 bytes, so each unsynced write is kept, dropped or torn by chance. A file
 * system keeps its own journal in order, so of the unsynced names a part from the beginning is kept. The index of SQLite's
 * log (-shm) is memory, not disk, and left alone.
 *
 * Calls are made by number, so that no symbol has to be looked up; memory is the C library's, which the program's own
 * allocator does not replace. One lock is held in every call, so at the cut nobody else writes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512
#define FILES_MAX 256
#define NAMES_MAX 1024
#define PATH 512
/* The ballast is written in pieces of this size. They are not counted: most cuts of a first start would fall into it. */
#define UNCOUNTED 65536

struct switches {
  int64_t limited;       /* whether there is a bound on the room */
  int64_t room;          /* bytes that files may still grow by */
  int64_t read_only;     /* the file system was remounted */
  int64_t failing_syncs; /* so many syncs of files fail, and what they were to save is lost */
  int64_t clock_s;       /* how far the real clock is off */
  int64_t held;          /* no sync comes to an end */
};

enum kind { WRITE, SIZE };
struct change {
  struct change *before;
  enum kind kind;
  off_t at, old_size, new_size;
  size_t length, old_length;
  char *old, *fresh;
};
struct file {
  dev_t dev;
  ino_t ino;
  int fd; /* our own, never closed: to close one would let go of the program's locks */
  struct change *last;
};
enum deed { CREATED, MADE, UNLINKED, RENAMED };
struct name {
  enum deed deed;
  char path[PATH], from[PATH], stash[PATH];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES_MAX];
static struct name names[NAMES_MAX];
static int file_count, name_count, stash_count, no_sync;
static const char *root, *stash, *report;
static unsigned long calls, cut_at, kept, dropped, torn, names_kept, names_dropped;
static uint64_t chance;
static struct switches none, *volatile switches = &none;

__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("CHAOS_CUT_AT"), *seed = getenv("CHAOS_SEED"), *page = getenv("CHAOS_SWITCHES");
  root = getenv("CHAOS_ROOT");
  stash = getenv("CHAOS_STASH");
  report = getenv("CHAOS_REPORT");
  no_sync = getenv("CHAOS_NO_SYNC") != NULL;
  cut_at = at ? strtoul(at, NULL, 10) : 0;
  chance = (seed ? strtoull(seed, NULL, 10) : 1) * 0x9e3779b97f4a7c15u | 1;
  if (page) {
    int fd = syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CLOEXEC, 0);
    void *there = mmap(NULL, sizeof *switches, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (there == MAP_FAILED) abort();
    switches = there;
  }
}

static unsigned long draw(unsigned long below) {
  chance ^= chance << 13;
  chance ^= chance >> 7;
  chance ^= chance << 17;
  return (chance >> 11) % below;
}

static int is_ours(const char *path) {
  size_t length = root ? strlen(root) : 0, whole = path ? strlen(path) : 0;
  return length && whole > length && whole < PATH && !strncmp(path, root, length) && path[length] == '/' &&
         !(whole > 4 && !strcmp(path + whole - 4, "-shm"));
}

static struct file *file_of(int fd) {
  struct stat is;
  if (!root || fstat(fd, &is) || !S_ISREG(is.st_mode)) return NULL;
  for (int n = 0; n < file_count; n++)
    if (files[n].ino == is.st_ino && files[n].dev == is.st_dev) return &files[n];
  return NULL;
}

static off_t size_of(int fd) {
  struct stat is;
  return fstat(fd, &is) ? 0 : is.st_size;
}

static void put(int fd, const char *bytes, size_t length, off_t at) {
  while (length > 0) {
    long done = syscall(SYS_pwrite64, fd, bytes, length, at);
    if (done <= 0) abort();
    bytes += done, at += done, length -= done;
  }
}

static char *copy_of(const char *bytes, size_t length) {
  char *copy = malloc(length + 1);
  if (!copy) abort();
  return memcpy(copy, bytes, length);
}

static char *read_at(int fd, size_t length, off_t at) {
  char *bytes = malloc(length + 1);
  if (!bytes || syscall(SYS_pread64, fd, bytes, length, at) != (long)length) abort();
  return bytes;
}

static void forget(struct change *change) {
  free(change->old);
  free(change->fresh);
  free(change);
}

static void forget_all(struct file *file) {
  for (struct change *change = file->last, *before; change; change = before) {
    before = change->before;
    forget(change);
  }
  file->last = NULL;
}

static struct change *changed(struct file *file, enum kind kind) {
  struct change *change = calloc(1, sizeof *change);
  if (!change) abort();
  change->kind = kind;
  change->old_size = size_of(file->fd);
  change->before = file->last;
  return file->last = change;
}

static void do_again(struct file *file, struct change *change) {
  unsigned long how = draw(3);
  if (change->kind == SIZE) how = draw(2);
  if (how == 0) {
    dropped++;
  } else if (change->kind == SIZE) {
    kept++;
    if (syscall(SYS_ftruncate, file->fd, change->new_size)) abort();
  } else if (how == 1) {
    kept++;
    put(file->fd, change->fresh, change->length, change->at);
  } else {
    torn++;
    for (size_t from = 0, to; from < change->length; from = to) {
      to = from + SECTOR - (change->at + from) % SECTOR;
      if (to > change->length) to = change->length;
      if (draw(2)) put(file->fd, change->fresh + from, to - from, change->at + from);
    }
  }
}

/* Takes back all that was not synced, the last first, and does what chance keeps of it again, the first first. */
static void lose(struct file *file, int everything) {
  struct change *first = NULL;
  for (struct change *change = file->last, *before; change; change = before) {
    before = change->before;
    if (change->kind == SIZE && syscall(SYS_ftruncate, file->fd, change->old_size)) abort();
    put(file->fd, change->old, change->old_length, change->at);
    if (change->kind == WRITE && syscall(SYS_ftruncate, file->fd, change->old_size)) abort();
    change->before = first;
    first = change;
  }
  for (struct change *change = first, *after; change; change = after) {
    after = change->before;
    if (everything)
      dropped++;
    else
      do_again(file, change);
    forget(change);
  }
  file->last = NULL;
}

static void take_back(const struct name *name) {
  char gone[PATH + 32];
  switch (name->deed) {
    case CREATED:
      syscall(SYS_unlinkat, AT_FDCWD, name->path, 0);
      break;
    case MADE: /* with all that is in it */
      snprintf(gone, sizeof gone, "%s/%d", stash, stash_count++);
      syscall(SYS_renameat2, AT_FDCWD, name->path, AT_FDCWD, gone, 0);
      break;
    case RENAMED:
      syscall(SYS_renameat2, AT_FDCWD, name->path, AT_FDCWD, name->from, 0);
      if (*name->stash) syscall(SYS_linkat, AT_FDCWD, name->stash, AT_FDCWD, name->path, 0);
      break;
    case UNLINKED:
      syscall(SYS_linkat, AT_FDCWD, name->stash, AT_FDCWD, name->path, 0);
      break;
  }
}

static void cut(void) {
  int everything = draw(4) == 0;
  char told[256];
  for (int n = 0; n < file_count; n++) lose(&files[n], everything);
  names_kept = everything ? 0 : draw(name_count + 1);
  names_dropped = name_count - names_kept;
  for (int n = name_count; n > (int)names_kept; n--) take_back(&names[n - 1]);
  int length = snprintf(told, sizeof told, "%lu %lu %lu %lu %lu %lu\n", calls, kept, dropped, torn, names_kept, names_dropped);
  int fd = report ? syscall(SYS_openat, AT_FDCWD, report, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
  if (fd >= 0) put(fd, told, length, 0);
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) pause();
}

static void count(void) {
  if (++calls == cut_at) cut();
}

static int refused(void) {
  if (switches->read_only) errno = EROFS;
  return switches->read_only != 0;
}

/* Room for a file to grow to `end`; what it frees comes back. */
static int finds_room(struct file *file, off_t end) {
  off_t more = end - size_of(file->fd);
  if (!switches->limited || more <= 0) return 1;
  if (more > switches->room) {
    errno = ENOSPC;
    return 0;
  }
  switches->room -= more;
  return 1;
}

static void keep_name(enum deed deed, const char *path, const char *from, const char *old) {
  if (name_count == NAMES_MAX) abort();
  struct name *name = &names[name_count++];
  *name = (struct name){.deed = deed};
  snprintf(name->path, PATH, "%s", path);
  snprintf(name->from, PATH, "%s", from ? from : "");
  snprintf(name->stash, PATH, "%s", old ? old : "");
}

/* A second name for what is about to lose its own; empty when there is nothing. */
static void stash_away(const char *path, char *old) {
  snprintf(old, PATH, "%s/%d-%d", stash, (int)getpid(), stash_count++);
  if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, old, 0)) *old = 0;
}

static long change_size(struct file *file, int fd, off_t size) {
  off_t now = size_of(fd);
  if (!finds_room(file, size)) return -1;
  if (size < now && switches->limited) switches->room += now - size;
  struct change *change = changed(file, SIZE);
  change->new_size = size;
  change->at = size < now ? size : now;
  change->old_length = now - change->at;
  change->old = read_at(file->fd, change->old_length, change->at);
  long done = syscall(SYS_ftruncate, fd, size);
  count();
  return done;
}

static void follow(int fd) {
  struct stat is;
  char path[64];
  if (file_of(fd) || fstat(fd, &is) || !S_ISREG(is.st_mode)) return;
  if (file_count == FILES_MAX) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int own = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (own < 0) abort();
  files[file_count++] = (struct file){is.st_dev, is.st_ino, own, NULL};
}

static int open_it(const char *path, int flags, mode_t mode) {
  int writes = (flags & O_ACCMODE) != O_RDONLY;
  if (!is_ours(path) || !(writes || flags & O_CREAT) || flags & O_TMPFILE & ~O_DIRECTORY)
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  pthread_mutex_lock(&lock);
  int fd = -1, absent = access(path, F_OK) != 0;
  if (!refused()) fd = syscall(SYS_openat, AT_FDCWD, path, flags & ~O_TRUNC, mode);
  if (fd >= 0 && writes) {
    int why = errno;
    follow(fd);
    struct file *file = file_of(fd);
    if (absent) keep_name(CREATED, path, NULL, NULL), count();
    if (flags & O_TRUNC && file && size_of(fd) > 0) change_size(file, fd, 0);
    errno = why;
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPEN(symbol)                                       \
  int symbol(const char *path, int flags, ...) {           \
    va_list more;                                          \
    va_start(more, flags);                                 \
    mode_t mode = flags & O_CREAT ? va_arg(more, int) : 0; \
    va_end(more);                                          \
    return open_it(path, flags, mode);                     \
  }
OPEN(open)
OPEN(open64)

static ssize_t write_it(int fd, const void *bytes, size_t length, off_t at, int moves) {
  ssize_t done = -1;
  pthread_mutex_lock(&lock);
  struct file *file = file_of(fd);
  if (moves && file) at = fcntl(fd, F_GETFL) & O_APPEND ? size_of(fd) : lseek64(fd, 0, SEEK_CUR);
  if (!file) {
    pthread_mutex_unlock(&lock);
    return moves ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, at);
  }
  if (!refused() && finds_room(file, at + length)) {
    struct change *change = changed(file, WRITE);
    off_t inside = change->old_size - at;
    change->at = at;
    change->length = length;
    change->old_length = inside <= 0 ? 0 : (size_t)inside < length ? (size_t)inside : length;
    change->old = read_at(file->fd, change->old_length, at);
    change->fresh = copy_of(bytes, length);
    done = moves ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, at);
    if (done != (ssize_t)length) abort();
    if (length < UNCOUNTED) count();
  }
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_it(fd, bytes, length, 0, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return write_it(fd, bytes, length, at, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return write_it(fd, bytes, length, at, 0); }

/* Files are not written so; if they ever are, this must learn it. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
  pthread_mutex_lock(&lock);
  if (file_of(fd)) abort();
  pthread_mutex_unlock(&lock);
  return syscall(SYS_writev, fd, parts, count);
}

int ftruncate64(int fd, off64_t size) {
  pthread_mutex_lock(&lock);
  struct file *file = file_of(fd);
  int done = file ? refused() ? -1 : change_size(file, fd, size) : syscall(SYS_ftruncate, fd, size);
  pthread_mutex_unlock(&lock);
  return done;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static void sync_names(int fd) {
  char link[64], dir[PATH];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, dir, sizeof dir - 1);
  int left = 0;
  if (length <= 0) return;
  dir[length] = 0;
  for (int n = 0; n < name_count; n++) {
    const char *slash = strrchr(names[n].path, '/');
    if (slash - names[n].path != length || strncmp(names[n].path, dir, length)) names[left++] = names[n];
  }
  name_count = left;
}

static int sync_it(int fd, long number) {
  struct stat is;
  int done = 0;
  while (switches->held) usleep(1000);
  pthread_mutex_lock(&lock);
  struct file *file = file_of(fd);
  if (!file && !(root && !fstat(fd, &is) && S_ISDIR(is.st_mode))) {
    pthread_mutex_unlock(&lock);
    return syscall(number, fd);
  }
  count();
  if (file && switches->failing_syncs > 0) {
    switches->failing_syncs--;
    lose(file, 1);
    errno = EIO;
    done = -1;
  } else if (!no_sync && file) {
    forget_all(file);
  } else if (!no_sync) {
    sync_names(fd);
  }
  pthread_mutex_unlock(&lock);
  return done;
}
int fsync(int fd) { return sync_it(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_it(fd, SYS_fdatasync); }

int mkdir(const char *path, mode_t mode) {
  if (!is_ours(path)) return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
  pthread_mutex_lock(&lock);
  int done = refused() ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
  if (!done) keep_name(MADE, path, NULL, NULL), count();
  pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  char old[PATH];
  struct stat is;
  if (!is_ours(path)) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  pthread_mutex_lock(&lock);
  int there = !stat(path, &is), done = -1;
  if (!refused()) {
    stash_away(path, old);
    done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  }
  if (!done) {
    if (there && switches->limited) switches->room += is.st_size;
    keep_name(UNLINKED, path, NULL, old), count();
  }
  pthread_mutex_unlock(&lock);
  return done;
}

int rename(const char *from, const char *to) {
  char old[PATH];
  if (!is_ours(from)) return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  pthread_mutex_lock(&lock);
  int done = -1;
  if (!refused()) {
    stash_away(to, old);
    done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  }
  if (!done) keep_name(RENAMED, to, from, old), count();
  pthread_mutex_unlock(&lock);
  return done;
}

int clock_gettime(clockid_t which, struct timespec *time) {
  int done = syscall(SYS_clock_gettime, which, time);
  if (!done && which == CLOCK_REALTIME) time->tv_sec += switches->clock_s;
  return done;
}
