/* class.h -- what `make grade-all` and `make verify` share: from a stranger's folder to an entry of grade.json. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct Room { const char *dir; char name[64]; } Room;   /* stage2/03_softmax, softmax */

int  refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));     /* says why; 2, for main to return */
bool can_begin(const char *level);              /* false: said why not: no such level here, no libsodium */
bool room_of(const char *dir, Room *room);      /* by its test file; false: there is none */

/* A folder of our own for work in progress, gone with class_end(); what killed runs left behind is removed. */
const char *class_begin(void);                  /* its path, or NULL */
void        class_end(void);
void        remove_tree(const char *path);

typedef enum { TAKEN, NOT_HANDED_IN, REFUSED, UNREADABLE } Taken;   /* UNREADABLE: our fault, never a zero */

/* Copies what somebody's open folder holds for an exercise to work/: the source, and headers of their own beside it.
 * It may lie there as NAME.c or as in work/. No link is followed, nothing but a plain file of a source's size is read.
 * why: a sentence where it was not taken. */
Taken take(int folder, const Room *room, const char *work, char *why, size_t size);

/* build/grade in a process of its own, in a tree of its own. */
pid_t start_grading(const char *into, const char *work, const Room *room, const char *level, uint64_t seed);
/* What came of it: the entry of grade.json, with the text that learners see as "report". NULL: our fault, and why. */
json_t *graded(const char *into, const Room *room, int status, char *why, size_t size);

const char *text_of(const json_t *object, const char *key);    /* "" where it is none */
json_t *entry_of(const json_t *grades, const char *exercise);  /* of a grade.json; NULL: none */
