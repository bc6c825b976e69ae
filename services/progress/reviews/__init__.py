"""Review up the chain: approve, or return with a reason."""
