/* todo.h -- TODO("what to write") is a state, not a failure: it says where it stands, and ends. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif
void todo_reached(const char *file, int line, const char *what) __attribute__((noreturn));
#ifdef __cplusplus
}
#endif

#define TODO(what) todo_reached(__FILE__, __LINE__, what)
