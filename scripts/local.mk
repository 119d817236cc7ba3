# Checks of the tree itself.  They read the source directory, and the build
# directory only for config.h.

EXTRA_DIST += \
	scripts/abi.sh \
	scripts/arrows.sh \
	scripts/arrows.txt \
	scripts/coverage-floor.txt \
	scripts/coverage.sh \
	scripts/dist-files.txt \
	scripts/fuzz.sh \
	scripts/install-packages.sh \
	scripts/limits.txt \
	scripts/lint-contracts.h \
	scripts/lint.sh \
	scripts/packages-ci.txt \
	scripts/packages.txt \
	scripts/size.sh \
	scripts/sources.sh \
	scripts/style.sh \
	scripts/verify-dist.sh \
	scripts/words.txt \
	$(NULL)

tree_env = BUILDDIR='$(abs_top_builddir)' CC='$(CC)' MAKE='$(MAKE)'

style:
	$(tree_env) bash $(top_srcdir)/scripts/style.sh
size:
	$(tree_env) bash $(top_srcdir)/scripts/size.sh
arrows:
	$(tree_env) bash $(top_srcdir)/scripts/arrows.sh
abi-check abi-update abi-freeze: all
	$(tree_env) bash $(top_srcdir)/scripts/abi.sh $(@:abi-%=%)
lint:
	$(tree_env) bash $(top_srcdir)/scripts/lint.sh
fuzz:
	$(tree_env) bash $(top_srcdir)/scripts/fuzz.sh
coverage:
	$(tree_env) bash $(top_srcdir)/scripts/coverage.sh
verify-dist dist-files:
	$(tree_env) bash $(top_srcdir)/scripts/verify-dist.sh $@
.PHONY: coverage verify-dist dist-files lint fuzz style size arrows abi-check abi-update abi-freeze

EXTRA_DIST += scripts/demo.sh scripts/demo-orders.sh scripts/show.sh

# What is shipped and what it is linked with (SPDX).
sbom = $(PACKAGE_TARNAME).spdx.json
built_parts = $(bin_PROGRAMS) .libs/$(lib_LTLIBRARIES:.la=.so) \
	$(plugin_LTLIBRARIES:%.la=.libs/%.so)
$(sbom): $(bin_PROGRAMS) $(lib_LTLIBRARIES) $(plugin_LTLIBRARIES) \
		scripts/sbom.sh
	$(AM_V_GEN)SBOM_VERSION='$(PACKAGE_VERSION)' CC='$(CC)' \
	SBOM_LIBRARIES='$(IAG_LIBRARIES)' SBOM_EPOCH=$(dist_epoch) \
	$(SHELL) $(top_srcdir)/scripts/sbom.sh $(built_parts) >$@-t && \
	mv $@-t $@
sbom: $(sbom)
.PHONY: sbom
nodist_doc_DATA = $(sbom)
CLEANFILES += $(sbom)
EXTRA_DIST += scripts/sbom.sh

# The guides and the manual as a folder of web pages.
book: all
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/scripts/book.sh $(top_srcdir) book
install-book: book
	$(MKDIR_P) '$(DESTDIR)$(docdir)/html'
	$(INSTALL_DATA) book/* '$(DESTDIR)$(docdir)/html'
uninstall-local:
	rm -rf '$(DESTDIR)$(docdir)/html'
clean-local: clean-book
clean-book:
	rm -rf book
.PHONY: book install-book clean-book
EXTRA_DIST += docs/book.css scripts/book.sh

# The packages, built and tried; what they are is then in packages/.
check-packages:
	$(tree_env) bash $(top_srcdir)/scripts/check-packages.sh
sums: dist $(sbom)
	$(AM_V_GEN)sha256sum $(DIST_ARCHIVES) $(sbom) \
		$$(ls packages/*.deb packages/*.rpm 2>/dev/null) >SHA256SUMS
CLEANFILES += SHA256SUMS
clean-local: clean-packages
clean-packages:
	rm -rf packages
.PHONY: check-packages sums clean-packages
EXTRA_DIST += scripts/check-packages.sh scripts/check-service.sh \
	scripts/fresh-root.sh
