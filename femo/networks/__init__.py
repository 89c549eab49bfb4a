"""Compiled networks: crops in, embeddings and scores out."""
