"""Nothing is shared between the folders of tests but this: where the root is."""
