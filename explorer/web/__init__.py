"""Pages: a view module per noun. Views parse, ask, render."""
