/* report.cpp -- what is found is told once, as a line for people and, where SIMT_REPORT names a file, as a line of
 * JSON. */
#include "inside.h"
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <unistd.h>

/* A program that has this function hears every finding, and stderr none. */
extern "C" void simt_found(const char *kind, const char *message) __attribute__((weak));

namespace simt {
static int n_errors;

std::string text(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return line;
}

std::string place(Place p)
{
    const char *slash = p.file ? strrchr(p.file, '/') : nullptr;
    if (p.file == by_address) return text("@%x", (unsigned)p.line);
    return p.file ? text("%s:%d", slash ? slash + 1 : p.file, p.line) : "an unknown line";
}

std::string who(const Core &c, const Thread &t)
{
    return text("block (%u,%u,%u), thread (%u,%u,%u)", c.block_index.x, c.block_index.y, c.block_index.z, t.index.x,
                t.index.y, t.index.z);
}

std::string ranges(const std::vector<int> &v)
{
    std::string s;
    for (size_t i = 0, end; i < v.size(); i = end) {
        for (end = i + 1; end < v.size() && v[end] == v[end - 1] + 1;) end++;
        s += (s.empty() ? "" : ", ") + std::to_string(v[i]) + (end > i + 1 ? "-" + std::to_string(v[end - 1]) : "");
    }
    return s;
}

std::string quoted(const std::string &s)
{
    std::string q = "\"";
    for (char c : s)
        if (c == '"' || c == '\\')
            q += '\\', q += c;
        else
            q += (unsigned char)c < 32 ? text("\\u%04x", c) : std::string(1, c);
    return q + "\"";
}

int reports() { return n_errors; }

static void strict_exit()
{
    if (!n_errors) return;
    fflush(nullptr);
    _exit(86);
}

void say(Severity severity, const char *kind, Place at, const std::string &variable, const std::string &message)
{
    static std::mutex &mutex = *new std::mutex;             /* never destroyed: leaks are told after main() */
    static std::set<std::string> &told = *new std::set<std::string>;
    std::lock_guard<std::mutex> lock(mutex);
    std::string kernel = core && core->launch ? core->launch->name : "";
    if (!told.insert(text("%s %s:%d ", kind, at.file ? at.file : "", at.line) + kernel + variable +
                     (at.file ? "" : message))
             .second)
        return;
    n_errors += severity == ERROR;
    const std::string where = at.file ? place(at) + ": " : "", in = kernel.empty() ? "" : kernel + ": ";
    if (simt_found) {
        if (severity == ERROR) simt_found(kind, (where + in + message).c_str());
        return;
    }
    fprintf(stderr, "%s%s: %s%s [%s]\n", where.c_str(), severity == NOTE ? "note" : "error", in.c_str(),
            message.c_str(), kind);
    const char *path = getenv("SIMT_REPORT");
    FILE *f = path && *path ? fopen(path, "a") : nullptr;
    if (!f) return;
    std::string json = "{\"severity\": " + quoted(severity == NOTE ? "note" : "error") + ", \"kind\": " + quoted(kind);
    if (at.file) json += ", \"file\": " + quoted(at.file) + ", \"line\": " + std::to_string(at.line);
    if (!kernel.empty()) json += ", \"kernel\": " + quoted(kernel);
    if (core && core->now) {
        const uint3 b = core->block_index, t = core->now->index;
        json += text(", \"block\": [%u, %u, %u], \"thread\": [%u, %u, %u]", b.x, b.y, b.z, t.x, t.y, t.z);
    }
    if (!variable.empty()) json += ", \"variable\": " + quoted(variable);
    fprintf(f, "%s\n", (json + ", \"message\": " + quoted(message) + "}").c_str());
    fclose(f);
}

void report(Severity severity, const char *kind, Place at, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    say(severity, kind, at, "", line);
}

void stop_at(cudaError_t e, const char *kind, Place at, const std::string &variable, const std::string &message)
{
    say(ERROR, kind, at, variable, message);
    set_error(e);
    leave_block();
}

void stop(cudaError_t e, const char *kind, Place at, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (!in_kernel()) {
        say(ERROR, kind, at, "", line);
        fflush(nullptr);
        abort();
    }
    stop_at(e, kind, at, "", who(*core, *core->now) + ": " + line);
}

void report_init()
{
    if (setting("SIMT_STRICT", 0)) atexit(strict_exit);     /* the first to be registered is the last to run */
}
} // namespace simt
