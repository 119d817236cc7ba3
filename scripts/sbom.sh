#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# sbom.sh FILE...: what was built and what it is linked with, as SPDX 2.3 in
# JSON on stdout.  FILEs are the built programs, libraries and modules; which
# library each needs stands in the file itself.  Versions are those that
# configure found (SBOM_LIBRARIES, "gnutls=3.7.9 ..."), and those of the
# distribution's packages where dpkg knows them.  A library that neither
# configure nor the table below has is an error, so that nothing is left out.
set -eu
: "${SBOM_VERSION:?}" "${SBOM_LIBRARIES:?}" "${SBOM_EPOCH:?}"
: "${READELF:=readelf}" "${CC:=cc}"
LC_ALL=C
export LC_ALL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# soname, name for pkg-config, licence, home page
cat >"$work/table" <<'END'
libc.so.6 glibc LGPL-2.1-or-later https://www.gnu.org/software/libc/
libcurl-gnutls.so.4 libcurl curl https://curl.se/
libcurl.so.4 libcurl curl https://curl.se/
libfyaml.so.0 libfyaml MIT https://github.com/pantoniou/libfyaml
libgmp.so.10 gmp LGPL-3.0-or-later OR GPL-2.0-or-later https://gmplib.org/
libgnutls.so.30 gnutls LGPL-2.1-or-later https://www.gnutls.org/
libjson-c.so.5 json-c MIT https://github.com/json-c/json-c
liblmdb.so.0 lmdb OLDAP-2.8 https://www.symas.com/lmdb
libmicrohttpd.so.12 libmicrohttpd LGPL-2.1-or-later https://www.gnu.org/software/libmicrohttpd/
END

# row SONAME: the rest of its row
row() {
    awk -v s="$1" '$1 == s { sub(/^[^ ]* /, ""); print; exit }' "$work/table"
}

version_of() {
    for pair in $SBOM_LIBRARIES; do
        case $pair in
        "$1"=?*) echo "${pair#*=}" && return ;;
        esac
    done
}

# where the distribution has it from: package, version and architecture
packaged() {
    command -v dpkg-query >/dev/null || return 0
    path=$($CC -print-file-name="$1")
    real=$(readlink -f "$path") || return 0
    for file in "$path" "$real" "${real#/usr}"; do
        dpkg-query -S "$file" 2>/dev/null && break
    done | sed -n '1s/: .*//p' | while read -r package; do
        # shellcheck disable=SC2016 # dpkg-query fills them in
        dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' "$package"
    done | head -n 1
}

needed() {
    $READELF -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

id() {
    printf '%s' "$1" | tr -c 'A-Za-z0-9.-' -
}

# package ID NAME VERSION LICENCE HOME PURPOSE PURL
package() {
    printf '    {\n      "SPDXID": "SPDXRef-%s",\n' "$1"
    printf '      "name": "%s",\n      "versionInfo": "%s",\n' "$2" "$3"
    printf '      "downloadLocation": "NOASSERTION",\n'
    printf '      "filesAnalyzed": false,\n'
    printf '      "licenseConcluded": "NOASSERTION",\n'
    printf '      "licenseDeclared": "%s",\n' "$4"
    printf '      "copyrightText": "NOASSERTION",\n'
    [ -z "$5" ] || printf '      "homepage": "%s",\n' "$5"
    [ -z "$7" ] || printf '      "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "%s"}],\n' "$7"
    printf '      "primaryPackagePurpose": "%s"\n    }' "$6"
}

relation() {
    printf '%s\n' "$1 $2 $3" >>"$work/relations"
}

part_purpose() {
    case $1 in
    *.so | *.so.*) echo LIBRARY ;;
    *) echo APPLICATION ;;
    esac
}

parts() {
    relation DOCUMENT DESCRIBES Gateway
    package Gateway ibkr-agent-gateway "$SBOM_VERSION" MIT "" APPLICATION \
        "pkg:generic/ibkr-agent-gateway@$SBOM_VERSION"
    for file; do
        part=Part-$(id "${file##*/}")
        printf ',\n'
        package "$part" "${file##*/}" "$SBOM_VERSION" MIT "" \
            "$(part_purpose "$file")" ""
        relation Gateway CONTAINS "$part"
        for soname in $(needed "$file"); do
            echo "$soname" >>"$work/sonames"
            relation "$part" DYNAMIC_LINK "Library-$(id "$soname")"
        done
    done
}

library() {
    known=$(row "$1")
    [ -n "$known" ] || { # a sanitizer's, or one of another system
        echo "sbom: $1 is linked and has no row: listed without a licence" >&2
        known="$1 NOASSERTION "
    }
    name=${known%% *}
    rest=${known#* }
    home=${rest##* }
    licence=${rest% *}
    version=$(version_of "$name")
    purl=pkg:generic/$name${version:+@$version}
    # shellcheck disable=SC2046 # three words
    set -- "$1" $(packaged "$1")
    if [ $# -eq 4 ]; then
        [ -n "$version" ] || version=${3%-*}
        purl="pkg:deb/debian/$2@$(echo "$3" |
            sed 's/+/%2B/g;s/:/%3A/g')?arch=$4"
    fi
    [ -n "$version" ] || version=NOASSERTION
    printf ',\n'
    package "Library-$(id "$1")" "$name" "$version" "$licence" "$home" \
        LIBRARY "$purl"
}

: >"$work/sonames"
{
    parts "$@"
    sort -u "$work/sonames" >"$work/unique"
    while read -r soname; do
        library "$soname"
    done <"$work/unique"
} >"$work/packages"

cat <<END
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "ibkr-agent-gateway-$SBOM_VERSION",
  "documentNamespace": "https://spdx.org/spdxdocs/ibkr-agent-gateway-$SBOM_VERSION-$(sha256sum <"$work/packages" | cut -c1-32)",
  "creationInfo": {
    "created": "$(date -u -d "@$SBOM_EPOCH" +%Y-%m-%dT%H:%M:%SZ)",
    "creators": ["Tool: ibkr-agent-gateway-sbom-$SBOM_VERSION"]
  },
  "packages": [
$(cat "$work/packages")
  ],
  "relationships": [
$(awk '{ printf "%s    {\"spdxElementId\": \"SPDXRef-%s\", \"relationshipType\": \"%s\", \"relatedSpdxElement\": \"SPDXRef-%s\"}", (NR > 1 ? ",\n" : ""), $1, $2, $3 }' "$work/relations")
  ]
}
END
