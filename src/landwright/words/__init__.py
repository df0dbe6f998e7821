"""Open vocabulary: models, words, and what they say of an image."""
