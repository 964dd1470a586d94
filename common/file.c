/* file.c -- whole files in, whole files out. */
#define _DEFAULT_SOURCE /* realpath */
#include "file.h"
#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Real sets pack 2 to 50 to 1; deflate can do 1000 to 1, which is how a small file fills a machine's memory. */
enum { UNPACKED_FREE = 64 << 20, UNPACKED_TIMES = 100 };
static const size_t FILE_LIMIT = (size_t)8 << 30;

static const char *kind_name(mode_t mode)
{
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    return "a device or socket";
}

static const char *read_all(int fd, const char *path, FileBytes *b)
{
    for (size_t at = 0; at < b->size;) {
        ssize_t n = read(fd, b->data + at, b->size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return sentence("%s: byte %zu: %s", path, at, strerror(errno));
        if (n == 0) return sentence("%s: byte %zu: the file became shorter while it was read", path, at);
        at += (size_t)n;
    }
    return NULL;
}

/* O_NONBLOCK: opening a pipe that nobody writes to would wait for ever. */
static const char *read_plain(const char *path, FileBytes *b)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return sentence("%s: %s", path, strerror(errno));
    struct stat s;
    const char *wrong = NULL;
    if (fstat(fd, &s)) wrong = sentence("%s: %s", path, strerror(errno));
    else if (!S_ISREG(s.st_mode)) wrong = sentence("%s: %s, not a file", path, kind_name(s.st_mode));
    else if ((uint64_t)s.st_size > FILE_LIMIT)
        wrong = sentence("%s: %lld bytes, more than the limit of %zu", path, (long long)s.st_size, FILE_LIMIT);
    else if (b->size = (size_t)s.st_size, !(b->data = malloc(b->size + 1)))
        wrong = sentence("%s: no memory for its %zu bytes", path, b->size);
    else wrong = read_all(fd, path, b);
    close(fd);
    return wrong;
}

static const char *grow(const char *path, FileBytes *out, size_t limit)
{
    size_t size = out->size < limit / 2 ? 2 * out->size : limit;
    uint8_t *data = realloc(out->data, size + 1);
    if (!data) return sentence("%s: no memory for its %zu unpacked bytes", path, size);
    *out = (FileBytes){ data, size };
    return NULL;
}

/* Any number of gzip members in a row, as gzip itself reads them. On return out->size is what there is. */
static const char *unpack(const char *path, const FileBytes *in, FileBytes *out)
{
    size_t limit = UNPACKED_FREE + UNPACKED_TIMES * in->size, at = 0, used = 0;
    const char *wrong = NULL;
    z_stream z = { 0 };
    if (inflateInit2(&z, 15 + 16) != Z_OK) return sentence("%s: no memory to unpack it", path);
    *out = (FileBytes){ malloc(4 * in->size + 1), 4 * in->size };
    if (!out->data) wrong = sentence("%s: no memory to unpack it", path);
    while (!wrong) {
        z.next_in = in->data + at;
        z.avail_in = in->size - at > UINT_MAX ? UINT_MAX : (unsigned)(in->size - at);
        z.next_out = out->data + used;
        z.avail_out = out->size - used > UINT_MAX ? UINT_MAX : (unsigned)(out->size - used);
        int status = inflate(&z, Z_NO_FLUSH);
        at = (size_t)(z.next_in - in->data);
        used = (size_t)(z.next_out - out->data);
        if (status == Z_STREAM_END && at == in->size) break;
        if (status == Z_STREAM_END && in->data[at] != 0x1f)
            wrong = sentence("%s: byte %zu: something follows the gzip data", path, at);
        else if (status == Z_STREAM_END) inflateReset(&z);
        else if (status == Z_MEM_ERROR) wrong = sentence("%s: no memory to unpack it", path);
        else if (status == Z_DATA_ERROR || status == Z_NEED_DICT || status == Z_STREAM_ERROR)
            wrong = sentence("%s: byte %zu: damaged gzip data (%s)", path, at, z.msg ? z.msg : "not gzip");
        else if (used < out->size && at == in->size)
            wrong = sentence("%s: byte %zu: the gzip data end too early", path, at);
        else if (used == out->size && used == limit)
            wrong = sentence("%s: unpacks to more than %zu bytes, the limit for a packed file of %zu", path, limit,
                             in->size);
        else if (used == out->size) wrong = grow(path, out, limit);
    }
    inflateEnd(&z);
    out->size = used;
    return wrong;
}

const char *file_read(const char *path, FileBytes *out)
{
    FileBytes packed = { 0 };
    *out = (FileBytes){ 0 };
    const char *wrong = read_plain(path, out);
    if (!wrong && out->size >= 2 && out->data[0] == 0x1f && out->data[1] == 0x8b) {
        packed = *out;
        wrong = unpack(path, &packed, out);
        free(packed.data);
    }
    if (!wrong) {
        out->data[out->size] = 0;
        return NULL;
    }
    free(out->data);
    *out = (FileBytes){ 0 };
    return wrong;
}

static void writer_free(FileWriter *w)
{
    free(w->path);
    free(w->temporary);
    *w = (FileWriter){ 0 };
}

/* A link is followed, so that it stays one; anything but a plain file stays what it is: a rename over /dev/null would
 * take it away from everybody. */
static const char *writer_target(FileWriter *w, const char *path)
{
    struct stat s;
    if (!stat(path, &s) && !S_ISREG(s.st_mode)) return sentence("%s: %s, not a file", path, kind_name(s.st_mode));
    w->path = realpath(path, NULL);
    if (!w->path) w->path = strdup(path);
    if (!w->path || !(w->temporary = malloc(strlen(w->path) + 32))) return sentence("%s: no memory", path);
    sprintf(w->temporary, "%s.tmp-%ld", w->path, (long)getpid());
    return NULL;
}

const char *file_open(FileWriter *w, const char *path)
{
    *w = (FileWriter){ 0 };
    const char *wrong = writer_target(w, path);
    if (!wrong && !(w->f = fopen(w->temporary, "wbe"))) wrong = sentence("%s: %s", path, strerror(errno));
    if (wrong) writer_free(w);
    return wrong;
}

static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int status = fsync(fd);
    if (status && errno == EINVAL) status = 0; /* some file systems cannot, and need not */
    close(fd);
    return status;
}

/* 0, or why not. After a failed fwrite errno is long gone: a last write asks the file system again. */
static int finish_writing(FILE *f, bool durable)
{
    if (fflush(f)) return errno;
    if (ferror(f)) return write(fileno(f), "", 1) < 0 ? errno : EIO;
    return durable && fsync(fileno(f)) ? errno : 0;
}

const char *file_close(FileWriter *w, bool durable)
{
    const char *wrong = NULL;
    int why = finish_writing(w->f, durable);
    if (fclose(w->f) && !why) why = errno;
    if (!why && rename(w->temporary, w->path)) why = errno;
    if (why) {
        unlink(w->temporary);
        wrong = sentence("%s: cannot be written: %s", w->path, strerror(why));
    } else if (durable && sync_folder(w->path)) {
        wrong = sentence("%s: written, but its folder cannot be synchronised: %s", w->path, strerror(errno));
    }
    writer_free(w);
    return wrong;
}

static bool is_folder(const char *path)
{
    struct stat s;
    return !stat(path, &s) && S_ISDIR(s.st_mode);
}

const char *file_make_folder(const char *path)
{
    char folder[PATH_MAX];
    int n = snprintf(folder, sizeof folder, "%s", path);
    if (n == 0) return sentence("a folder without a name cannot be made");
    if (n >= (int)sizeof folder) return sentence("%s: too long a path", path);
    for (int i = 1; i <= n; i++) {
        if (i < n && folder[i] != '/') continue;
        folder[i] = 0;
        int why = mkdir(folder, 0777) ? errno : 0;
        if (why == EEXIST && !is_folder(folder)) 
            return sentence("%s: there is a file where a folder should be", folder);
        if (why && !is_folder(folder)) return sentence("%s: cannot be made: %s", folder, strerror(why));
        folder[i] = path[i];
    }
    return NULL;
}
