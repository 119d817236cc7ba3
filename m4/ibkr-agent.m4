dnl SPDX-License-Identifier: MIT
dnl Copyright (C) 2026 the ibkr-agent-gateway authors
dnl
dnl For authors of plugins.  Installed into the aclocal directory.
dnl
dnl IBKR_AGENT_PLUGIN([ABI])
dnl	Finds the installed ibkr-agent headers for plugin ABI number ABI
dnl	(default 1) and sets
dnl	  IBKR_AGENT_CFLAGS	to compile a plugin
dnl	  IBKR_AGENT_LDFLAGS	to link it as a module that stays loaded
dnl	  ibkr_agent_plugindir	where it is installed: beneath our own
dnl				libdir when --with-ibkr-agent-plugindir says
dnl				nothing, so that any prefix works
AC_DEFUN([IBKR_AGENT_PLUGIN],
[m4_pushdef([wanted_abi], [m4_default([$1], [1])])dnl
AC_REQUIRE([PKG_PROG_PKG_CONFIG])dnl
PKG_CHECK_MODULES([IBKR_AGENT], [ibkr-agent])
AC_MSG_CHECKING([for ibkr-agent plugin ABI wanted_abi])
ibkr_agent_abi=$($PKG_CONFIG --variable=abi ibkr-agent)
AS_IF([test "$ibkr_agent_abi" = "wanted_abi"], [AC_MSG_RESULT([yes])],
	[AC_MSG_RESULT([no, $ibkr_agent_abi])
	AC_MSG_ERROR([the installed ibkr-agent has plugin ABI $ibkr_agent_abi, this plugin is for wanted_abi])])
AC_ARG_WITH([ibkr-agent-plugindir],
	[AS_HELP_STRING([--with-ibkr-agent-plugindir=DIR],
		[where the plugin goes [LIBDIR/ibkr-agent/plugins-]wanted_abi])],
	[ibkr_agent_plugindir=$withval],
	[ibkr_agent_plugindir='${libdir}/ibkr-agent/plugins-wanted_abi'])
AC_SUBST([ibkr_agent_plugindir])
IBKR_AGENT_LDFLAGS="-module -avoid-version -shared -Wl,-z,defs -Wl,-z,nodelete"
AC_SUBST([IBKR_AGENT_LDFLAGS])
m4_popdef([wanted_abi])])
