# bats files, run with the built program in IAG_TEST_PROGRAM.

cli_tests += \
	tests/cli/approvals.bats \
	tests/cli/arguments.bats \
	tests/cli/audit.bats \
	tests/cli/completion.bats \
	tests/cli/config.bats \
	tests/cli/daemon.bats \
	tests/cli/demo.bats \
	tests/cli/errors.bats \
	tests/cli/forgery.bats \
	tests/cli/gateway.bats \
	tests/cli/guides.bats \
	tests/cli/killswitch.bats \
	tests/cli/live-gates.bats \
	tests/cli/live.bats \
	tests/cli/manual.bats \
	tests/cli/misbehaviour.bats \
	tests/cli/outcomes.bats \
	tests/cli/portal-guide.bats \
	tests/cli/portal-live.bats \
	tests/cli/portal-orders.bats \
	tests/cli/portal.bats \
	tests/cli/preview.bats \
	tests/cli/reconcile.bats \
	tests/cli/runbook.bats \
	tests/cli/sdk.bats \
	tests/cli/secret.bats \
	tests/cli/sim.bats \
	tests/cli/tools.bats \
	tests/cli/typed.bats \
	$(NULL)

EXTRA_DIST += tests/cli/daemon.bash tests/cli/desk.bash tests/cli/launch.py tests/cli/helper.bash tests/cli/reference.txt tests/cli/simulator.bash tests/cli/terminal.zsh

# a wall clock that is ahead, put in front of libc (ahead in helper.bash)
check_LTLIBRARIES += tests/cli/skewed-clock.la
tests_cli_skewed_clock_la_SOURCES = tests/cli/skewed-clock.c
tests_cli_skewed_clock_la_LDFLAGS = \
	-module -avoid-version -shared -rpath /nowhere
