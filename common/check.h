/* check.h -- errors are sentences: the program is wrong (say where, stop), or the world is (return why). */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* The program is wrong: a shape, a dtype, a device. Prints the sentence, then the callers by function and line. */
#define CHECK(ok, ...) ((ok) ? (void)0 : check_failed(__FILE__, __LINE__, __VA_ARGS__))
void check_failed(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* The world is wrong: a file, a format, memory, no GPU. Functions that meet it return NULL for success, else the
 * sentence that this makes: `return sentence("%s:%d: 12 columns, 13 expected", path, line);`. The text stays until the
 * same thread has made 8 more; the program prints it and exits with status 1. */
const char *sentence(const char *format, ...) __attribute__((format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif
