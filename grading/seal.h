/* seal.h -- what a receipt is held to: the SHA-256 of what was graded, and seeds that only the key's owner knows. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_MOST = 4096 };
typedef struct Key { unsigned char byte[KEY_MOST]; size_t n; } Key;

bool seal_works(void);                  /* false: built without libsodium; the rest then does nothing */
bool seal_files(const char *const *path, char hex[65]);     /* SHA-256 of some files one after the other */
/* {"softmax.c": "9f86...", "own.h": ...}: the source and the headers that lie beside it, without the contract. */
json_t *seal_folder(const char *folder, const char *name);
/* The key in a file; made there, of random bytes, where there is none. NULL, or a sentence. */
const char *seal_key(const char *path, Key *key, bool make);
/* The first 64 bits of HMAC-SHA256(key, learner 0 exercise): the same for the key's owner every time, and of no use to
 * anybody else; never 0. */
uint64_t seal_seed(const Key *key, const char *learner, const char *exercise);
