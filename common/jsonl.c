/* jsonl.c -- JSON Lines: a value of JSON a line. */
#define _GNU_SOURCE /* O_CLOEXEC, pread */
#include "jsonl.h"
#include "check.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!memchr(" \t\r", s[i], 3)) return false;
    return true;
}

static const char *read_line(const char *path, const char *s, size_t n, long long line, JsonlEach *each, void *ctx)
{
    json_error_t e;
    if (blank(s, n)) return NULL;
    json_t *value = json_loadb(s, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (!value) return sentence("%s:%lld: column %d: not JSON: %s", path, line, e.column, e.text);
    const char *wrong = each(ctx, line, value);
    json_decref(value);
    return wrong;
}

const char *jsonl_read(const char *path, JsonlEach *each, void *ctx)
{
    FileBytes b;
    const char *wrong = file_read(path, &b);
    if (wrong) return wrong;
    const char *at = (const char *)b.data, *end = at + b.size;
    if (b.size >= 3 && !memcmp(at, "\xEF\xBB\xBF", 3)) at += 3;
    for (long long line = 1; !wrong && at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        wrong = read_line(path, at, (size_t)(stop - at), line, each, ctx);
        at = stop + (stop < end);
    }
    free(b.data);
    return wrong;
}

static const char *append(const char *path, int fd, const char *text, size_t n)
{
    struct stat s;
    char last;
    if (fstat(fd, &s)) return sentence("%s: %s", path, strerror(errno));
    if (!S_ISREG(s.st_mode)) return sentence("%s: a pipe, device or folder, not a file", path);
    if (flock(fd, LOCK_EX) || fstat(fd, &s)) return sentence("%s: %s", path, strerror(errno)); /* until it is closed */
    bool torn = s.st_size > 0 && pread(fd, &last, 1, s.st_size - 1) == 1 && last != '\n';
    ssize_t wrote = write(fd, text + !torn, n - !torn); /* text begins with a line feed */
    if (wrote == (ssize_t)(n - !torn)) return NULL;
    return sentence("%s: cannot be written: %s", path, wrote < 0 ? strerror(errno) : "the disk is full");
}

const char *jsonl_append(const char *path, const json_t *value)
{
    char *line = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), *text = NULL;
    size_t n = line ? strlen(line) : 0;
    if (line && (text = malloc(n + 3))) {
        *text = '\n';
        memcpy(text + 1, line, n);
        memcpy(text + 1 + n, "\n", 2);
    }
    free(line);
    if (!text) return sentence("%s: no memory for a line of JSON", path);
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    const char *wrong = fd < 0 ? sentence("%s: %s", path, strerror(errno)) : append(path, fd, text, n + 2);
    if (fd >= 0 && close(fd) && !wrong) wrong = sentence("%s: cannot be written: %s", path, strerror(errno));
    free(text);
    return wrong;
}
