# The contract kit and the hostile plugins.

probe_cppflags = $(plugin_cppflags) -I$(top_srcdir)/tests/plug

check_LTLIBRARIES += \
	tests/plug/backend-probe.la \
	tests/plug/backend-probe-serial.la \
	tests/plug/backend-probe-single.la \
	$(NULL)
tests_plug_backend_probe_la_SOURCES = tests/plug/backend-probe.c
tests_plug_backend_probe_la_CPPFLAGS = $(probe_cppflags) \
	-DPROBE_NAME='"probe"' -DPROBE_MODEL=IAG_THREAD_PARALLEL
tests_plug_backend_probe_la_LDFLAGS = $(test_plugin_ldflags)
tests_plug_backend_probe_serial_la_SOURCES = tests/plug/backend-probe.c
tests_plug_backend_probe_serial_la_CPPFLAGS = $(probe_cppflags) \
	-DPROBE_NAME='"probe-serial"' -DPROBE_MODEL=IAG_THREAD_INSTANCE_SERIAL
tests_plug_backend_probe_serial_la_LDFLAGS = $(test_plugin_ldflags)
tests_plug_backend_probe_single_la_SOURCES = tests/plug/backend-probe.c
tests_plug_backend_probe_single_la_CPPFLAGS = $(probe_cppflags) \
	-DPROBE_NAME='"probe-single"' -DPROBE_MODEL=IAG_THREAD_PLUGIN_SERIAL
tests_plug_backend_probe_single_la_LDFLAGS = $(test_plugin_ldflags)
