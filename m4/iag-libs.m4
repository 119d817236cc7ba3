dnl SPDX-License-Identifier: MIT
dnl Copyright (C) 2026 the ibkr-agent-gateway authors
dnl
dnl What pkg-config alone does not answer, and the summary of it all.

dnl IAG_LMDB(FLOOR): Debian ships lmdb.pc, others do not
AC_DEFUN([IAG_LMDB],
[PKG_CHECK_MODULES([LMDB], [lmdb >= $1], [:],
	[AC_CHECK_HEADER([lmdb.h], [],
		[AC_MSG_ERROR([lmdb.h is missing: install LMDB $1 or later])])
	AC_CHECK_LIB([lmdb], [mdb_env_create], [LMDB_LIBS=-llmdb],
		[AC_MSG_ERROR([liblmdb is missing: install LMDB $1 or later])])
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <lmdb.h>]],
		[[_Static_assert(MDB_VERSION_FULL >= MDB_VERINT(0, 9, 24), "");]])],
		[],
		[AC_MSG_ERROR([lmdb.h is older than $1])])
	AC_SUBST([LMDB_CFLAGS])
	AC_SUBST([LMDB_LIBS])])])

AC_DEFUN([IAG_THREADS],
[IAG_TRY_CFLAG([PTHREAD_CFLAGS], [-pthread])
AC_SUBST([PTHREAD_CFLAGS])])

dnl Reproducible on purpose: versions and decisions, no path and no date.
AC_DEFUN([IAG_SUMMARY],
[iag_version_of() { $PKG_CONFIG --modversion "$[]1" 2>/dev/null || echo unknown; }
iag_compiler=$($CC -dumpfullversion -dumpversion 2>/dev/null | head -n 1)
AC_CHECK_DECL([__clang__], [iag_compiler="clang $iag_compiler"],
	[iag_compiler="gcc $iag_compiler"])
iag_hardening=$(echo $IAG_HARD_CPPFLAGS $IAG_HARD_CFLAGS $IAG_PROGRAM_LDFLAGS dnl
	$IAG_HARD_LDFLAGS)
iag_summary_text="  compiler         $iag_compiler
  hardening        $iag_hardening
  sanitizer        $iag_sanitizer
  plugin abi       $IAG_ABI
  gnutls           $(iag_version_of gnutls)
  json-c           $(iag_version_of json-c)
  libfyaml         $(iag_version_of libfyaml)
  gmp              $(iag_version_of gmp)
  lmdb             $(iag_version_of lmdb)
  libmicrohttpd    $(iag_version_of libmicrohttpd)
  libcurl          $(iag_version_of libcurl)"
IAG_LIBRARIES=$(for p in gnutls json-c libfyaml gmp lmdb libmicrohttpd libcurl
	do printf '%s=%s ' $p "$(iag_version_of $p)"; done)
AC_SUBST([IAG_LIBRARIES])
iag_quoted=$(AS_ECHO(["$iag_summary_text"]) | $SED 's/["\\]/\\&/g;s/$/\\n/' |
	tr -d '\n')
AC_DEFINE_UNQUOTED([CONFIGURE_SUMMARY], ["$iag_quoted"],
	[What configure found: printed by --version --verbose.])])
