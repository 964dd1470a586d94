# cross.sh 'DEPS-FLAGS' SETUP ARCH=CC... -- the kinds of machine that make dist can make a grader for, on stdout; on stderr
# why not for the others. It takes a compiler and the static libraries jansson, seccomp, png and z, and sodium where its
# header is. Those of a foreign kind are fetched as Debian's packages and unpacked under build/cross/ARCH; SETUP=no turns
# that off.
flags=$1 setup=$2; shift 2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
echo 'int main(void) { return 0; }' >"$tmp/t.c"
links() { eval "$cc -static -o '$tmp/t' '$tmp/t.c' $1 $(sh grading/dist/libraries.sh "$cc")" >/dev/null 2>&1; }

# As unpack.sh does it, for another kind of machine; only these, which ask for nothing else.
fetch() {    # DEBIAN'S-NAME
    here=$PWD/build/cross/$arch
    mkdir -p "$here/apt/lists/partial" "$here/apt/cache/archives/partial" "$here/debs" &&
        opt="-o Dir::State::Lists=$here/apt/lists -o Dir::Cache=$here/apt/cache -o Debug::NoLocking=1 -o APT::Sandbox::User= \
            -o APT::Architecture=$1 -o APT::Architectures::=$1" &&
        apt-get $opt update && cd "$here/debs" &&
        apt-get $opt download libjansson-dev libseccomp-dev libpng-dev zlib1g-dev libsodium-dev &&
        for deb in *.deb; do dpkg-deb -x "$deb" "$here" || return 1; done &&
        rm -rf "$here/debs" "$here/apt"
}
for pair in "$@"; do
    arch=${pair%%=*} cc=${pair#*=}
    command -v "$cc" >/dev/null 2>&1 || { echo "make dist: there is no $cc here: no grader for $arch" >&2; continue; }
    if [ "$arch" = "$(uname -m)" ]; then
        links "$flags" && { echo "$arch"; continue; }
        echo "make dist: libjansson.a, libseccomp.a, libpng.a, libz.a or libsodium.a is missing: no grader for $arch" >&2
        continue
    fi
    at=-Lbuild/cross/$arch/usr/lib/$arch-linux-gnu
    case $arch in aarch64) debian=arm64 ;; *) debian=amd64 ;; esac
    links $at || [ "$setup" = no ] || ! command -v apt-get >/dev/null 2>&1 ||
        { mkdir -p build && (fetch $debian) >build/cross.log 2>&1; }
    links $at && echo "$arch" ||
        echo "make dist: the libraries of $arch are not here (build/cross.log): no grader for it" >&2
done
exit 0
