/* seal.c -- hashes of what was handed in, and the hidden seeds of a class. The cryptography is libsodium's. */
#define _GNU_SOURCE
#include "seal.h"
#include "source.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#if __has_include(<sodium.h>)
#define HAVE_SODIUM 1
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>
#endif

enum { SOURCE_MOST = 1 << 20, KEY_LEAST = 16, KEY_MADE = 32 };

#ifdef HAVE_SODIUM

bool seal_works(void) { return true; }

bool seal_files(const char *const *path, char hex[65])
{
    crypto_hash_sha256_state state;
    unsigned char block[1 << 14], sum[crypto_hash_sha256_BYTES];
    bool ok = true;
    crypto_hash_sha256_init(&state);
    for (; *path; path++) {
        ssize_t n = -1;
        int fd = open(*path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        while (fd >= 0 && (n = read(fd, block, sizeof block)) > 0) crypto_hash_sha256_update(&state, block, (size_t)n);
        if (fd >= 0) close(fd);
        ok = ok && n == 0;
    }
    crypto_hash_sha256_final(&state, sum);
    sodium_bin2hex(hex, 65, sum, sizeof sum);
    return ok;
}

uint64_t seal_seed(const Key *key, const char *learner, const char *exercise)
{
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    uint64_t seed = 0;
    crypto_auth_hmacsha256_init(&state, key->byte, key->n);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)learner, strlen(learner) + 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)exercise, strlen(exercise));
    crypto_auth_hmacsha256_final(&state, mac);
    for (int i = 0; i < 8; i++) seed = seed << 8 | mac[i];
    return seed ? seed : 1;
}

#else

bool seal_works(void) { return false; }
bool seal_files(const char *const *path, char hex[65]) { return (void)path, *hex = 0, false; }
uint64_t seal_seed(const Key *key, const char *learner, const char *exercise)
{
    return (void)key, (void)learner, (void)exercise, 1;
}

#endif

static bool hash_source(const char *path, char hex[65])
{
    struct stat s;
    return !stat(path, &s) && S_ISREG(s.st_mode) && s.st_size <= SOURCE_MOST
           && seal_files((const char *[]){ path, NULL }, hex);
}

json_t *seal_folder(const char *folder, const char *name)
{
    json_t *files = json_object();
    char    path[1000], contract[100], hex[65];
    glob_t  headers;
    snprintf(contract, sizeof contract, "%s.h", name);
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, source_ending(folder, name));
    if (hash_source(path, hex)) json_object_set_new(files, strrchr(path, '/') + 1, json_string(hex));
    snprintf(path, sizeof path, "%s/*.h", folder);
    if (!glob(path, 0, NULL, &headers)) {
        for (size_t i = 0; i < headers.gl_pathc; i++) {
            const char *base = strrchr(headers.gl_pathv[i], '/') + 1;
            if (strcmp(base, contract) && hash_source(headers.gl_pathv[i], hex))
                json_object_set_new(files, base, json_string(hex));
        }
        globfree(&headers);
    }
    return files;
}

static const char *make_key(const char *path)
{
    static char why[600];
    unsigned char random[KEY_MADE];
    char hex[2 * KEY_MADE + 2];
    if (getrandom(random, sizeof random, 0) != sizeof random) return "this machine gives no random numbers";
    for (int i = 0; i < KEY_MADE; i++) snprintf(hex + 2 * i, 3, "%02x", random[i]);
    strcpy(hex + 2 * KEY_MADE, "\n");
    int  fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, hex, strlen(hex)) == (ssize_t)strlen(hex) && !fsync(fd);
    int  error = errno;
    if (fd >= 0) close(fd);
    if (ok) return NULL;
    if (fd >= 0) unlink(path);
    snprintf(why, sizeof why, "%.400s: the key cannot be written: %s", path, strerror(error));
    return why;
}

const char *seal_key(const char *path, Key *key, bool make)
{
    static char why[600];
    const char *fault = make && access(path, F_OK) ? make_key(path) : NULL;
    if (fault) return fault;
    FILE *f = fopen(path, "rb");
    key->n = f ? fread(key->byte, 1, sizeof key->byte, f) : 0;
    int error = errno;
    if (f) fclose(f);
    while (key->n && (key->byte[key->n - 1] == '\n' || key->byte[key->n - 1] == '\r')) key->n--;
    if (key->n >= KEY_LEAST && key->n < sizeof key->byte) return NULL;
    if (!f) snprintf(why, sizeof why, "%.400s: the key cannot be read: %s", path, strerror(error));
    else
        snprintf(why, sizeof why, "%.400s holds no key: one has %d to %d bytes", path, KEY_LEAST, KEY_MOST - 1);
    return why;
}
