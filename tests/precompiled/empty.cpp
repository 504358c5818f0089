// A library wants a source; this one exists for its precompiled header.
