"""One file a page, with a `blueprint` in it; the folder is the registry."""
