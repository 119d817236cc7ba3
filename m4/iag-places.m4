dnl SPDX-License-Identifier: MIT
dnl Copyright (C) 2026 the ibkr-agent-gateway authors
dnl
dnl Where other programs look for what is installed for them.

dnl IAG_PLACE(NAME, VARIABLE, DEFAULT, WHAT): --with-NAME=DIR
AC_DEFUN([IAG_PLACE],
[AC_ARG_WITH([$1],
	[AS_HELP_STRING([--with-$1=DIR], [where $4 go])],
	[$2=$withval], [$2=yes])
AS_IF([test "$$2" = yes], [$2='$3'])
AC_SUBST([$2])])

dnl IAG_UNITDIR(VARIABLE, KIND): systemd reads /usr/local/lib as well as its
dnl own places, of which only systemd.pc knows where they are; other prefixes
dnl are for the user to link from.
AC_DEFUN([IAG_UNITDIR],
[IAG_PLACE([$1], [$1], [${prefix}/lib/systemd/$2],
	[units of systemd for a $2 (no: nowhere)])
AS_IF([test "$prefix" = /usr && test "x$with_$1" = x],
	[iag_dir=$($PKG_CONFIG --variable=$1 systemd 2>/dev/null) &&
		test -n "$iag_dir" && $1=$iag_dir])])

AC_DEFUN([IAG_PLACES],
[IAG_PLACE([bash-completion-dir], [bashcompletiondir],
	[${datadir}/bash-completion/completions], [completions for bash])
IAG_PLACE([zsh-completion-dir], [zshcompletiondir],
	[${datadir}/zsh/site-functions], [completions for zsh])
IAG_PLACE([fish-completion-dir], [fishcompletiondir],
	[${datadir}/fish/vendor_completions.d], [completions for fish])
IAG_UNITDIR([systemdsystemunitdir], [system])
IAG_UNITDIR([systemduserunitdir], [user])
IAG_PLACE([apparmordir], [apparmordir], [${sysconfdir}/apparmor.d],
	[profiles for AppArmor (no: nowhere)])
AM_CONDITIONAL([SYSTEMD], [test "$systemdsystemunitdir" != no])
AM_CONDITIONAL([APPARMOR], [test "$apparmordir" != no])
AC_SUBST([sysusersdir], ['${prefix}/lib/sysusers.d'])
AC_SUBST([tmpfilesdir], ['${prefix}/lib/tmpfiles.d'])])
