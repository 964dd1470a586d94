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

/* Where the executable was loaded, less where it was linked. */
uintptr_t load_offset()
{
    uintptr_t offset = 0;
    dl_iterate_phdr([](dl_phdr_info *i, size_t, void *p) { return *(uintptr_t *)p = i->dlpi_addr, 1; }, &offset);
    return offset;
}

/* Our own headers and the system's are not the learner's lines. */
static bool ours(const char *file)
{
    return strstr(file, "/simt/include/") || strstr(file, "/simt/simt.h") || !strncmp(file, "/usr/", 5) || *file == '?';
}

/* addr2line comes with every compiler (binutils). Of inlined calls, the innermost that is not ours. */
void places_of(const std::vector<const void *> &pcs, std::vector<Place> &out)
{
    static std::unordered_map<const void *, Place> &known = *new std::unordered_map<const void *, Place>;
    static std::mutex &mutex = *new std::mutex;
    std::lock_guard<std::mutex> lock(mutex);
    uintptr_t offset = load_offset();
    for (size_t i = 0; i < pcs.size();) {
        std::string command = text("addr2line -a -i -e /proc/%d/exe", (int)getpid());
        std::vector<const void *> asked;
        for (; i < pcs.size() && asked.size() < 500; i++)
            if (pcs[i] && !known.count(pcs[i])) {
                asked.push_back(pcs[i]);
                command += text(" 0x%zx", (size_t)((uintptr_t)pcs[i] - 1 - offset));
                known[pcs[i]] = {nullptr, 0};
            }
        FILE *f = asked.empty() ? nullptr : popen((command + " 2>/dev/null").c_str(), "r");
        if (!f) continue;
        char line[1024];
        size_t n = 0;
        bool found = false;
        while (fgets(line, sizeof line, f)) {
            if (line[0] == '0' && line[1] == 'x') {
                n++, found = false;
                continue;
            }
            char *colon = strrchr(line, ':');
            if (!n || n > asked.size() || found || !colon || ours(line)) continue;
            *colon = 0;
            int number = atoi(colon + 1);
            if (!number) continue;
            known[asked[n - 1]] = {strdup(line), number};
            found = true;
        }
        pclose(f);
    }
    out.clear();
    for (const void *pc : pcs) out.push_back(known[pc]);
}

Place place_of(const void *pc)
{
    std::vector<Place> one;
    places_of({pc}, one);
    return one[0];
}

/* ---- Variables ---- */

static struct {
    std::vector<Symbol> shared, global;
    bool read;
} table;

static void add(const char *name, const Elf64_Sym &s)
{
    int type = ELF64_ST_TYPE(s.st_info), status;
    if (!s.st_size || (type != STT_TLS && type != STT_OBJECT)) return;
    if (type == STT_TLS && strncmp(name, "_ZZ", 3)) return;         /* __shared__ lives in functions only */
    char *plain = abi::__cxa_demangle(name, nullptr, nullptr, &status);
    std::string full = plain ? plain : name;
    free(plain);
    size_t cut = full.rfind("::");
    std::string function = cut == full.npos ? "" : full.substr(0, cut);
    Symbol made = {s.st_value, s.st_size, cut == full.npos ? full : full.substr(cut + 2), function};
    if (type == STT_OBJECT) made.address += load_offset();
    (type == STT_TLS ? table.shared : table.global).push_back(made);
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
    std::sort(table.global.begin(), table.global.end(), before);
}

const std::vector<Symbol> &shared_symbols() { return read_symbols(), table.shared; }
const std::vector<Symbol> &global_symbols() { return read_symbols(), table.global; }
} // namespace simt
