dnl SPDX-License-Identifier: MIT
dnl Copyright (C) 2026 the ibkr-agent-gateway authors
dnl
dnl Compiler and linker flags of our own: warnings and hardening, each probed,
dnl so that CFLAGS and LDFLAGS stay the user's.

dnl IAG_TRY_CFLAG(VARIABLE, FLAG): appends FLAG if the compiler takes it
AC_DEFUN([IAG_TRY_CFLAG],
[AS_VAR_PUSHDEF([cache], [iag_cv_cflag_$2])
AC_CACHE_CHECK([whether $CC takes $2], [cache],
	[iag_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
		[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
	CFLAGS=$iag_save_CFLAGS])
AS_VAR_IF([cache], [yes], [$1="$$1 $2"])
AS_VAR_POPDEF([cache])])

dnl IAG_TRY_LDFLAG(VARIABLE, FLAG): appends FLAG if the linker takes it
AC_DEFUN([IAG_TRY_LDFLAG],
[AS_VAR_PUSHDEF([cache], [iag_cv_ldflag_$2])
AC_CACHE_CHECK([whether the linker takes $2], [cache],
	[iag_save_LDFLAGS=$LDFLAGS
	LDFLAGS="$LDFLAGS $2"
	AC_LINK_IFELSE([AC_LANG_PROGRAM()],
		[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
	LDFLAGS=$iag_save_LDFLAGS])
AS_VAR_IF([cache], [yes], [$1="$$1 $2"])
AS_VAR_POPDEF([cache])])

AC_DEFUN([IAG_WARNINGS],
[IAG_WARN_CFLAGS=
m4_foreach_w([flag], [-Wall -Wextra -Wformat=2 -Wshadow -Wvla
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
	-Wundef -Wimplicit-fallthrough -Wcast-function-type -Wwrite-strings
	-Wpointer-arith -Wdate-time -Wno-unused-parameter
	-Wno-missing-field-initializers
	-Werror=return-type -Werror=implicit-function-declaration],
	[IAG_TRY_CFLAG([IAG_WARN_CFLAGS], m4_defn([flag]))])
AS_IF([test "$enable_werror" = yes],
	[IAG_WARN_CFLAGS="$IAG_WARN_CFLAGS -Werror"])
AC_SUBST([IAG_WARN_CFLAGS])])

dnl Sanitizers bring their own allocator checks and do not mix with
dnl _FORTIFY_SOURCE, nor (with clang) with -z defs in modules.
AC_DEFUN([IAG_HARDENING],
[iag_sanitizer=no
AS_CASE([" $CFLAGS "], [*-fsanitize=*], [iag_sanitizer=yes])
IAG_HARD_CFLAGS=
IAG_HARD_LDFLAGS=
IAG_PROGRAM_CFLAGS=
IAG_PROGRAM_LDFLAGS=
IAG_LIBRARY_LDFLAGS=
IAG_TRY_CFLAG([IAG_HARD_CFLAGS], [-fvisibility=hidden])
IAG_TRY_CFLAG([IAG_HARD_CFLAGS], [-fstack-protector-strong])
IAG_TRY_CFLAG([IAG_HARD_CFLAGS], [-fstack-clash-protection])
IAG_TRY_CFLAG([IAG_PROGRAM_CFLAGS], [-fPIE])
IAG_TRY_LDFLAG([IAG_HARD_LDFLAGS], [-Wl,-z,relro])
IAG_TRY_LDFLAG([IAG_HARD_LDFLAGS], [-Wl,-z,now])
IAG_TRY_LDFLAG([IAG_HARD_LDFLAGS], [-Wl,-z,noexecstack])
IAG_TRY_LDFLAG([IAG_PROGRAM_LDFLAGS], [-pie])
AS_IF([test $iag_sanitizer = no],
	[IAG_TRY_LDFLAG([IAG_LIBRARY_LDFLAGS], [-Wl,-z,defs])])
IAG_MODULE_LDFLAGS=$IAG_LIBRARY_LDFLAGS
IAG_TRY_LDFLAG([IAG_MODULE_LDFLAGS], [-Wl,-z,nodelete])
IAG_FORTIFY
AC_SUBST([IAG_HARD_CPPFLAGS])
AC_SUBST([IAG_HARD_CFLAGS])
AC_SUBST([IAG_HARD_LDFLAGS])
AC_SUBST([IAG_PROGRAM_CFLAGS])
AC_SUBST([IAG_PROGRAM_LDFLAGS])
AC_SUBST([IAG_LIBRARY_LDFLAGS])
AC_SUBST([IAG_MODULE_LDFLAGS])])

dnl only where the compiler optimises and nobody has set it before us
AC_DEFUN([IAG_FORTIFY],
[IAG_HARD_CPPFLAGS=
AC_CACHE_CHECK([whether to define _FORTIFY_SOURCE], [iag_cv_fortify],
	[AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#if defined _FORTIFY_SOURCE || !defined __OPTIMIZE__
#error not ours to set
#endif]])], [iag_cv_fortify=$(test $iag_sanitizer = no && echo yes || echo no)],
	[iag_cv_fortify=no])])
AS_IF([test "$iag_cv_fortify" = yes],
	[IAG_HARD_CPPFLAGS="-D_FORTIFY_SOURCE=2"])])
