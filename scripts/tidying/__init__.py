"""The rules of `scripts/tidy`, a file for each subject."""
