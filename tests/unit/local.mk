# cmocka programs: tests/unit/test-x.c needs nothing more than its line here.

unit_tests += \
	tests/unit/test-host-call \
	$(NULL)
