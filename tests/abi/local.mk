# Layout of the plugin ABI, frozen headers, baseline.
