# bats files, run with the built program in IAG_TEST_PROGRAM.

cli_tests += \
	$(NULL)
