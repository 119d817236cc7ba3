# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Text files as C strings, each named after its file: docs/a-b.md becomes
# `static const char text_a_b[]`.

FNR == 1 {
	if (NR > 1)
		print ";\n"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.[^.]*$/, "", name)
	gsub(/[^A-Za-z0-9]/, "_", name)
	printf "static const char text_%s[] =", name
}

{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\"")
	printf "\n    \"%s\\n\"", $0
}

END {
	print ";"
}
