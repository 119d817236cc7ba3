# The lifecycle of orders as a model for spin.  make model checks it with more
# crashes, reconcilers and callers; it takes minutes and gigabytes.

other_tests += tests/model/model.bats
EXTRA_DIST += tests/model/orders.pml

model_sizes = \
	'-DCRASHES=2 -DRECONCILERS=2' \
	'-DCRASHES=2 -DGIVES_UP' \
	'-DCRASHES=2 -DALL' \
	$(NULL)

model:
	@$(MKDIR_P) tests/model && cd tests/model && \
	for size in $(model_sizes); do \
		echo "model: $$size"; \
		spin -a $$size $(abs_top_srcdir)/tests/model/orders.pml \
		    >/dev/null && \
		$(CC) -O2 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=2048 -o pan \
		    pan.c && \
		./pan -m500000 >pan.log; \
		grep -E 'errors:|stored$$|actual memory|elapsed' pan.log; \
		grep -q 'errors: 0' pan.log || exit 1; \
	done
.PHONY: model
