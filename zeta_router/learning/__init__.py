"""What is learned, one idea a file: rates, lengths, drift, health, quality, and the priors they start from."""
