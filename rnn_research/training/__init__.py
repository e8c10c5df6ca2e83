"""From a config to trained parameters: optimiser, step, packed program, pack of trials."""
