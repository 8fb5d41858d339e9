"""How each kind of source system writes what happened: one module a bundle, one function a kind of entry."""
