/* symbols.cpp -- lines of the source and names of variables, out of the executable itself. */
#include "inside.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

namespace simt {

static uintptr_t find_load_offset()
{
    uintptr_t offset = 0;
    dl_iterate_phdr([](dl_phdr_info *i, size_t, void *p) { return *(uintptr_t *)p = i->dlpi_addr, 1; }, &offset);
    return offset;
}
const uintptr_t load_offset = find_load_offset();

/* Our own headers and the system's are not the learner's lines. */
static bool ours(const char *file)
{
    return strstr(file, "/simt/include/") || strstr(file, "/simt/simt.h") || !strncmp(file, "/usr/", 5) || *file == '?';
}

const char *const by_address = "@";
bool lines_later;

/* addr2line comes with every compiler (binutils). Of inlined calls, the innermost that is not ours. */
Place place_of(const void *pc)
{
    if (lines_later) return pc ? Place{by_address, (int)((uintptr_t)pc - 1 - load_offset)} : Place{nullptr, 0};
    static std::unordered_map<const void *, Place> &known = *new std::unordered_map<const void *, Place>;
    static std::mutex &mutex = *new std::mutex;
    std::lock_guard<std::mutex> lock(mutex);
    auto old = known.find(pc);
    if (old != known.end()) return old->second;
    Place &found = known[pc];
    found = {nullptr, 0};
    std::string command = text("addr2line -i -e /proc/%d/exe 0x%zx 2>/dev/null", (int)getpid(),
                               (size_t)((uintptr_t)pc - 1 - load_offset));
    FILE *f = pc ? popen(command.c_str(), "r") : nullptr;
    char line[1024];
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strrchr(line, ':');
        int number = colon ? atoi(colon + 1) : 0;
        if (found.file || !number || ours(line)) continue;
        *colon = 0;
        found = {strdup(line), number};
    }
    if (f) pclose(f);
    return found;
}

static const uint32_t BY_PLACE = 1u << 31;
static std::vector<Place> &places = *new std::vector<Place>;

uint32_t site_of(Place p)
{
    static std::unordered_map<uint64_t, uint32_t> known;
    uint32_t &site = known[(uint64_t)(uintptr_t)p.file * 65536 + (uint64_t)p.line];
    if (!site) {
        places.push_back(p);
        site = BY_PLACE + (uint32_t)places.size() - 1;
    }
    return site;
}

Place site_place(uint32_t site)
{
    return site & BY_PLACE ? places[site & ~BY_PLACE] : place_of((const void *)(site + load_offset));
}

/* ---- Variables ---- */

static struct {
    std::vector<Symbol> shared, other, global;
    bool read;
} table;

static void add(const char *name, const Elf64_Sym &s)
{
    int type = ELF64_ST_TYPE(s.st_info), status;
    if (!s.st_size || (type != STT_TLS && type != STT_OBJECT)) return;
    char *plain = abi::__cxa_demangle(name, nullptr, nullptr, &status);
    std::string full = plain ? plain : name;
    free(plain);
    size_t cut = full.rfind("::");
    std::string function = cut == full.npos ? "" : full.substr(0, cut);
    Symbol made = {s.st_value, s.st_size, cut == full.npos ? full : full.substr(cut + 2), function};
    if (type == STT_OBJECT) made.address += load_offset;
    bool in_function = !strncmp(name, "_ZZ", 3);                    /* as __shared__ variables are */
    (type == STT_OBJECT ? table.global : in_function ? table.shared : table.other).push_back(made);
}

static void read_symbols()
{
    if (table.read) return;
    table.read = true;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status)) return;
    char *file = (char *)mmap(nullptr, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (file == MAP_FAILED) return;
    const Elf64_Ehdr *elf = (const Elf64_Ehdr *)file;
    const Elf64_Shdr *section = (const Elf64_Shdr *)(file + elf->e_shoff);
    for (int i = 0; i < elf->e_shnum; i++) {
        if (section[i].sh_type != SHT_SYMTAB) continue;
        const char *names = file + section[section[i].sh_link].sh_offset;
        const Elf64_Sym *symbols = (const Elf64_Sym *)(file + section[i].sh_offset);
        for (size_t k = 0; k < section[i].sh_size / sizeof *symbols; k++) add(names + symbols[k].st_name, symbols[k]);
    }
    munmap(file, (size_t)status.st_size);
    auto before = [](const Symbol &a, const Symbol &b) { return a.address < b.address; };
    std::sort(table.shared.begin(), table.shared.end(), before);
    std::sort(table.other.begin(), table.other.end(), before);
    std::sort(table.global.begin(), table.global.end(), before);
}

const std::vector<Symbol> &shared_symbols() { return read_symbols(), table.shared; }
const std::vector<Symbol> &thread_symbols() { return read_symbols(), table.other; }
const std::vector<Symbol> &global_symbols() { return read_symbols(), table.global; }

/* "kernel<32>" and "void ns::kernel<32>(float*)" -> "kernel" */
static std::string base_name(std::string s)
{
    s = s.substr(0, s.find_first_of("<("));
    size_t cut = s.find_last_of(" :");
    return cut == s.npos ? s : s.substr(cut + 1);
}

size_t static_shared(const std::string &kernel)
{
    std::string name = base_name(kernel);
    std::unordered_map<std::string, size_t> by_function;        /* of a template, the largest counts */
    size_t most = 0;
    for (const Symbol &s : shared_symbols())
        if (base_name(s.function) == name) most = std::max(most, by_function[s.function] += s.size);
    return most;
}
} // namespace simt
