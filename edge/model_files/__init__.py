"""The files of models: what there is to fetch (catalogue), where it lies (store), how it comes (fetch)."""
