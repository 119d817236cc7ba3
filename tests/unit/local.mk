# cmocka programs: tests/unit/test-x.c needs nothing more than its line here.

unit_tests += \
	$(NULL)
