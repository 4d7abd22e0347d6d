"""Evidence (log text, environment, host) to findings with cause, proof and fix."""
