//! Key files: one seed a file, `{name}_{kind}.nk`, in a directory of their own (protocol §2.2).
