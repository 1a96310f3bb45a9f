"""How files become one array: listings, decoding, the cache, IDX files, downloads."""
