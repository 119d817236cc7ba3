# Fixture files as C strings: awk -f embed.awk FILE.json ... >fixtures.c
# Portable awk; names come from the file names.

BEGIN {
	print "/* Made from the fixtures by embed.awk. */"
	print "#include \"fixture.h\""
	print "const struct fixture_builtin fixture_builtins[] = {"
}
FNR == 1 {
	if (NR > 1)
		print "\t},"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.json$/, "", name)
	print "\t{ \"" name "\","
}
{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\"")
	print "\t\"" $0 "\\n\""
}
END {
	print "\t},"
	print "\t{ NULL, NULL },"
	print "};"
}
