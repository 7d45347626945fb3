"""How tests make what they need: one file per domain, `create_x` callables."""
