#!/bin/sh
# unpack.sh PACKAGE... -- Debian's packages and what they depend on, unpacked under build/deps: no root needed. The index is
# kept there too, so that a machine whose lists are empty can be served.
set -e
here=$PWD/build/deps
mkdir -p "$here/apt/lists/partial" "$here/apt/cache/archives/partial" "$here/debs"
opt="-o Dir::State::Lists=$here/apt/lists -o Dir::Cache=$here/apt/cache -o Debug::NoLocking=1 -o APT::Sandbox::User="
case $here in *' '*) echo "build/deps cannot be used in a path with spaces: $here"; exit 1 ;; esac
apt-get $opt update
apt-get $opt install -s --no-install-recommends "$@" | awk '/^Inst / { print $2 }' >"$here/wanted"
[ -s "$here/wanted" ] || { echo "apt-get found nothing to install for: $*"; exit 1; }
cd "$here/debs"
xargs apt-get $opt download <"$here/wanted"
for deb in *.deb; do dpkg-deb -x "$deb" "$here"; done
cd ..
rm -rf debs
# Links to the system's place of a library that was unpacked here instead.
find usr -type l -lname '/usr/*' | while read -r l; do t=$(readlink "$l"); [ -e "$t" ] || ln -sf "$here$t" "$l"; done
# What Debian's alternatives would have linked.
[ -e usr/bin/gnuplot ] || ln -s gnuplot-nox usr/bin/gnuplot
cat >fonts.conf <<EOF
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir><dir>$here/usr/share/fonts</dir><cachedir>$here/fontcache</cachedir></fontconfig>
EOF
