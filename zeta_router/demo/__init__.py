"""`zeta demo`: real prompts, a coder that becomes slow and recovers, and what routing made of it."""
